// Whether a call went as it should. Any thread.

#ifndef MEANWHILE_LOADTEST_MEASURE_VERDICT_H_
#define MEANWHILE_LOADTEST_MEASURE_VERDICT_H_

#include "absl/status/status.h"

namespace meanwhile {

enum class Verdict {
  kSucceeded,
  // By its status.
  kFailed,
  // The status is as it should be, and the answer is not.
  kWrongAnswer,
};

// What holds unless something else is expected.
inline Verdict VerdictOf(absl::StatusCode code) {
  return code == absl::StatusCode::kOk ? Verdict::kSucceeded : Verdict::kFailed;
}

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASURE_VERDICT_H_
