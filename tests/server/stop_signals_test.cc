#include "server/stop_signals.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "absl/time/clock.h"

namespace meanwhile {
namespace {

TEST(StopSignalsTest, GivesASignalThatCameBeforeAnybodyWaited) {
  StopSignals signals;
  raise(SIGTERM);
  EXPECT_EQ(signals.Next(absl::InfiniteFuture()), SIGTERM);
  EXPECT_EQ(signals.Next(absl::InfinitePast()), std::nullopt) << "it was taken";
}

TEST(StopSignalsTest, GivesEachKindOnce) {
  StopSignals signals;
  for (const int signal : {SIGINT, SIGTERM, SIGINT}) raise(signal);
  EXPECT_EQ(signals.Next(absl::InfinitePast()), SIGINT);
  EXPECT_EQ(signals.Next(absl::InfinitePast()), SIGTERM);
  EXPECT_EQ(signals.Next(absl::InfinitePast()), std::nullopt);
}

TEST(StopSignalsTest, WaitsUntilTheDeadline) {
  StopSignals signals;
  const absl::Time deadline = absl::Now() + absl::Milliseconds(20);
  EXPECT_EQ(signals.Next(deadline), std::nullopt);
  EXPECT_GE(absl::Now(), deadline);
}

TEST(StopSignalsTest, WaitsUntilTheSignalComes) {
  StopSignals signals;
  const pthread_t waiting = pthread_self();
  std::thread sending([&] { pthread_kill(waiting, SIGINT); });
  EXPECT_EQ(signals.Next(absl::InfiniteFuture()), SIGINT);
  sending.join();
}

TEST(StopSignalsTest, AnEventEndsTheWait) {
  StopSignals signals;
  Event event;
  EXPECT_FALSE(event.is_set());
  std::thread setting([&] { event.Set(); });
  EXPECT_EQ(signals.Next(absl::InfiniteFuture(), &event), std::nullopt);
  EXPECT_TRUE(event.is_set());
  setting.join();
  raise(SIGTERM);
  EXPECT_EQ(signals.Next(absl::InfiniteFuture(), &event), SIGTERM) << "a signal is not lost for it";
}

}  // namespace
}  // namespace meanwhile
