// AnswerChecker: decides whether a call went as it should. Without one, calls that end with OK succeed and the others
// fail; with one, a call may be expected to end otherwise, and its answer is looked at.
//
// Thread: a checker belongs to one loop.

#ifndef MEANWHILE_LOADTEST_MEASURE_ANSWER_CHECKER_H_
#define MEANWHILE_LOADTEST_MEASURE_ANSWER_CHECKER_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "loadtest/engine/engine.h"
#include "loadtest/measure/verdict.h"

namespace meanwhile {

struct JudgedEnd {
  Verdict verdict;
  // Why it is no success. Valid within OnCallEnded of the driver.
  absl::string_view message;
};

class AnswerChecker {
 public:
  virtual ~AnswerChecker() = default;

  // A call of the plan's method goes out in the slot.
  virtual void OnSent(std::size_t slot, std::size_t method) = 0;
  // As the driver is told.
  virtual void OnMessage(std::size_t slot, absl::string_view message) = 0;
  virtual JudgedEnd OnCallEnded(std::size_t slot, const CallEnd& end) = 0;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASURE_ANSWER_CHECKER_H_
