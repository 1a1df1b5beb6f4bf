#include "server/backend/waited.h"

#include <gtest/gtest.h>

#include <chrono>

namespace meanwhile {
namespace {

using grpc::StatusCode;
using std::chrono::system_clock;
using std::chrono_literals::operator""h;

BlockingWaitLimit Cancelled(system_clock::time_point began, system_clock::time_point deadline) {
  return {.deadline = deadline, .cancelled = [] { return true; }, .began = began};
}

// The time that was left when the call began is known to a hundredth, here 36 s.
TEST(BlockingWaitLimitTest, TakesAnEndJustBeforeTheDeadlineForTheDeadline) {
  const system_clock::time_point now = system_clock::now();
  const BlockingWaitLimit limit = Cancelled(now - 1h, now + std::chrono::seconds(30));
  EXPECT_FALSE(limit.DeadlineHasPassed());
  EXPECT_TRUE(limit.HasEnded());
  EXPECT_EQ(limit.ReasonOfEnd(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(limit.StatusOfEnded().error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(limit.StatusOfEnded().error_message(), "deadline exceeded while waiting");
}

TEST(BlockingWaitLimitTest, AnEndLongBeforeTheDeadlineIsACancellation) {
  const system_clock::time_point now = system_clock::now();
  for (const system_clock::time_point deadline : {now + 1h, system_clock::time_point::max()}) {
    const BlockingWaitLimit limit = Cancelled(now, deadline);
    EXPECT_EQ(limit.ReasonOfEnd(), StatusCode::CANCELLED);
    EXPECT_EQ(limit.StatusOfEnded().error_message(), "cancelled while waiting");
  }
}

}  // namespace
}  // namespace meanwhile
