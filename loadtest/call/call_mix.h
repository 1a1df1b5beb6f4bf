// The plan of a run out of methods, their data and their weights.
//
//   CallMix mix = MixCalls({{.method = check, .data = data, .weight = 9}, {.method = list, .data = none}}, {});
//   load.plan = mix.plan;
//
// Which method is called next follows a sequence that keeps to the weights as evenly as can be: of any hundred calls of
// an engine 90 are of a method with nine tenths of the weight, give or take one. The entries of a method's data are
// taken in turn, or at random. A method may be there more than once.
//
// Thread: the plan as plans are; `unmade` any.

#ifndef MEANWHILE_LOADTEST_CALL_CALL_MIX_H_
#define MEANWHILE_LOADTEST_CALL_CALL_MIX_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "loadtest/call/call_data.h"
#include "loadtest/call/schema.h"
#include "loadtest/engine/call_source.h"

namespace meanwhile {

// Which entry of a method's data the next call sends.
enum class Pick { kRoundRobin, kRandom };

// `round-robin` or `random`. The error is complete.
absl::StatusOr<Pick> ParsePick(absl::string_view flag, absl::string_view text);

struct CallEntry {
  Method method;
  CallData data;
  // More than 0.
  double weight = 1;
  Pick pick = Pick::kRoundRobin;
  // What reports call it; the method's name when empty.
  std::string name = {};
};

// Calls whose template came out as no message, such as a number that has grown too large for its field. They send what
// the last call of the same entry sent there, so the run is not the one that was asked for.
class UnmadeCalls {
 public:
  void Add(absl::string_view error);

  // Empty when there are none.
  std::string Problem() const;

 private:
  mutable absl::Mutex mutex_;
  uint64_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string first_error_ ABSL_GUARDED_BY(mutex_);
};

struct CallMix {
  std::shared_ptr<const CallPlan> plan;
  std::shared_ptr<const UnmadeCalls> unmade;
};

// Of at least one entry. `seed` is that of picks and of what templates draw: with the same one, the sources of two
// plans draw the same, in the order in which they are made.
CallMix MixCalls(std::vector<CallEntry> entries, uint64_t seed = 1);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_CALL_MIX_H_
