#include "loadtest/compare/pinning.h"

#include <sched.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/processors.h"

namespace meanwhile {
namespace {

std::string Describe(const std::vector<int>& processors) {
  return absl::StrCat(processors.size() == 1 ? "processor " : "processors ", absl::StrJoin(processors, ","));
}

}  // namespace

PinningPlan PlanPinning(const std::vector<int>& processors) {
  const auto middle = processors.begin() + static_cast<std::ptrdiff_t>(processors.size() / 2);
  return PinningPlan{{processors.begin(), middle}, {middle, processors.end()}};
}

absl::StatusOr<Pinning> PinLoadTester() {
  const std::vector<int> processors = Processors();
  if (processors.size() < 2) {
    return Pinning{"", "nothing was pinned: server and load tester share the only processor"};
  }
  const PinningPlan plan = PlanPinning(processors);
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int processor : plan.load_tester) CPU_SET(processor, &set);
  if (sched_setaffinity(0, sizeof(set), &set) != 0) {
    return absl::InternalError(absl::StrCat("cannot pin the load tester to ", Describe(plan.load_tester), ": ",
                                            std::strerror(errno), "; --pin=none does without"));
  }
  return Pinning{absl::StrJoin(plan.server, ","),
                 absl::StrCat("server on ", Describe(plan.server), ", load tester on ", Describe(plan.load_tester))};
}

Pinning NoPinning() { return Pinning{"", "nothing was pinned (--pin=none)"}; }

}  // namespace meanwhile
