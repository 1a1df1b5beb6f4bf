#include "loadtest/compare/pinning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

#include "absl/strings/str_join.h"

namespace meanwhile {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Where the calling thread may run.
std::vector<int> Processors() {
  cpu_set_t set;
  std::vector<int> processors;
  EXPECT_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &set)) processors.push_back(i);
  }
  return processors;
}

TEST(PinningTest, TwoProcessorsAreOneEach) {
  const PinningPlan plan = PlanPinning({0, 1});
  EXPECT_THAT(plan.server, ElementsAre(0));
  EXPECT_THAT(plan.load_tester, ElementsAre(1));
}

TEST(PinningTest, OfAnOddNumberTheLoadTesterHasMore) {
  const PinningPlan plan = PlanPinning({2, 5, 7});
  EXPECT_THAT(plan.server, ElementsAre(2));
  EXPECT_THAT(plan.load_tester, ElementsAre(5, 7));
}

TEST(PinningTest, EightProcessorsAreFourEach) {
  const PinningPlan plan = PlanPinning({0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_THAT(plan.server, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(plan.load_tester, ElementsAre(4, 5, 6, 7));
}

TEST(PinningTest, TheCallerAndTheThreadsThatItStartsArePinned) {
  const std::vector<int> before = Processors();
  if (before.size() < 2) GTEST_SKIP() << "there is one processor";
  const PinningPlan plan = PlanPinning(before);
  std::thread([&] {
    const absl::StatusOr<Pinning> pinning = PinLoadTester();
    ASSERT_TRUE(pinning.ok()) << pinning.status();
    EXPECT_EQ(Processors(), plan.load_tester);
    std::thread([&] { EXPECT_EQ(Processors(), plan.load_tester); }).join();
    EXPECT_EQ(pinning->server, absl::StrJoin(plan.server, ","));
    EXPECT_THAT(pinning->description, testing::MatchesRegex("server on processors? [0-9,]+, "
                                                            "load tester on processors? [0-9,]+"));
  }).join();
  EXPECT_EQ(Processors(), before) << "only the caller is pinned";
}

TEST(PinningTest, OnOneProcessorNothingIsPinnedAndTheReportSaysWhy) {
  std::thread([] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(Processors().front(), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    const absl::StatusOr<Pinning> pinning = PinLoadTester();
    ASSERT_TRUE(pinning.ok()) << pinning.status();
    EXPECT_THAT(pinning->server, IsEmpty());
    EXPECT_EQ(pinning->description, "nothing was pinned: server and load tester share the only processor");
  }).join();
}

TEST(PinningTest, WithoutPinningTheReportSaysSo) {
  EXPECT_THAT(NoPinning().server, IsEmpty());
  EXPECT_EQ(NoPinning().description, "nothing was pinned (--pin=none)");
}

}  // namespace
}  // namespace meanwhile
