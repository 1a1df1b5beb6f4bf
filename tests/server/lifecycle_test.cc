// The steps in which a server stops, with one that does what the test tells it.

#include "server/lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Has the calls that it is given; Shutdown returns when Finish was called or, if that is enough, CancelCalls.
class FakeServer final : public Stoppable {
 public:
  explicit FakeServer(bool heeds_cancel) : heeds_cancel_(heeds_cancel) {}

  void Drain() override { Note("drain"); }
  void Shutdown(absl::Duration grace) override {
    Note(absl::StrCat("shutdown within ", absl::FormatDuration(grace)));
    finished_.WaitForNotification();
  }
  void CancelCalls() override {
    if (cancelled_.exchange(true)) return;
    Note("cancel");
    if (heeds_cancel_) Finish();
  }
  std::vector<async::InFlightCalls::Call> CallsInFlight() const override {
    ++asked_;
    return calls_.Look();
  }

  void Finish() { finished_.Notify(); }
  async::InFlightCalls* calls() { return &calls_; }
  // How often it was asked what is in flight.
  int asked() const { return asked_; }

  std::vector<std::string> noted() const {
    const std::lock_guard lock(mutex_);
    return noted_;
  }
  bool HasNoted(const std::string& step) const {
    return WaitUntil([&] {
      const std::vector<std::string> noted = this->noted();
      return std::find(noted.begin(), noted.end(), step) != noted.end();
    });
  }

 private:
  void Note(const std::string& step) {
    const std::lock_guard lock(mutex_);
    noted_.push_back(step);
  }

  const bool heeds_cancel_;
  std::atomic<bool> cancelled_ = false;
  mutable std::atomic<int> asked_ = 0;
  absl::Notification finished_;
  async::InFlightCalls calls_;
  mutable std::mutex mutex_;
  std::vector<std::string> noted_;
};

class LifecycleTest : public testing::Test {
 protected:
  // Runs the life cycle of `server` with `options`, while `script` runs on another thread; what was told on stderr.
  template <typename Script>
  std::string Run(FakeServer& server, const LifecycleOptions& options, Script script) {
    testing::internal::CaptureStderr();
    std::thread other(script);
    ServeUntilStopped(server, signals_, options);
    other.join();
    return testing::internal::GetCapturedStderr();
  }

  void Signal() const { pthread_kill(main_, SIGTERM); }

 private:
  StopSignals signals_;
  const pthread_t main_ = pthread_self();
};

TEST_F(LifecycleTest, WithoutADelayAndWithoutCallsItIsShutDownAtOnce) {
  FakeServer server(/*heeds_cancel=*/true);
  const std::string told = Run(server, {.grace = absl::Seconds(10)}, [&] {
    Signal();
    ASSERT_TRUE(server.HasNoted("shutdown within 10s"));
    server.Finish();
  });
  EXPECT_THAT(server.noted(), ElementsAre("shutdown within 10s"));
  EXPECT_EQ(told, "");
}

TEST_F(LifecycleTest, CallsInFlightAreCountedAndMayFinish) {
  FakeServer server(/*heeds_cancel=*/true);
  const async::InFlightCalls::Entry call(server.calls(), "Fetch", std::chrono::steady_clock::now());
  const std::string told = Run(server, {.grace = absl::Seconds(10)}, [&] {
    Signal();
    ASSERT_TRUE(server.HasNoted("shutdown within 10s"));
    server.Finish();
  });
  EXPECT_EQ(told, "Terminated: finishing 1 call in flight within 10s\n");
}

TEST_F(LifecycleTest, DrainsForTheDelayBeforeTheShutdown) {
  FakeServer server(/*heeds_cancel=*/true);
  const absl::Time begin = absl::Now();
  const std::string told = Run(server, {.drain_delay = absl::Milliseconds(50)}, [&] {
    Signal();
    ASSERT_TRUE(server.HasNoted("shutdown within 10s"));
    EXPECT_GE(absl::Now() - begin, absl::Milliseconds(50));
    server.Finish();
  });
  EXPECT_THAT(server.noted(), ElementsAre("drain", "shutdown within 10s"));
  EXPECT_EQ(told, "Terminated: not healthy any more, serving on for 50ms\n");
}

TEST_F(LifecycleTest, ASecondSignalDuringTheDelayCancels) {
  FakeServer server(/*heeds_cancel=*/true);
  const async::InFlightCalls::Entry call(server.calls(), "Fetch", std::chrono::steady_clock::now());
  const std::string told = Run(server, {.drain_delay = absl::Hours(1)}, [&] {
    Signal();
    ASSERT_TRUE(server.HasNoted("drain"));
    Signal();
  });
  EXPECT_THAT(server.noted(), testing::UnorderedElementsAre("drain", "shutdown within 0", "cancel"));
  EXPECT_THAT(told, HasSubstr("\na second signal: cancelling 1 call\n"));
}

TEST_F(LifecycleTest, ASecondSignalDuringTheGraceCancelsAndAThirdChangesNothing) {
  FakeServer server(/*heeds_cancel=*/false);
  const async::InFlightCalls::Entry call(server.calls(), "Fetch", std::chrono::steady_clock::now());
  const std::string told = Run(server, {.grace = absl::Hours(1), .stuck_after = absl::Hours(1)}, [&] {
    Signal();
    ASSERT_TRUE(server.HasNoted("shutdown within 1h"));
    Signal();
    ASSERT_TRUE(server.HasNoted("cancel"));
    Signal();
    server.Finish();
  });
  EXPECT_THAT(server.noted(), ElementsAre("shutdown within 1h", "cancel"));
  EXPECT_EQ(told,
            "Terminated: finishing 1 call in flight within 1h\n"
            "a second signal: cancelling 1 call\n");
}

TEST_F(LifecycleTest, NamesTheOldestCallsThatAreStuckAfterTheGraceAgainAndAgain) {
  FakeServer server(/*heeds_cancel=*/false);
  const auto now = std::chrono::steady_clock::now();
  std::vector<async::InFlightCalls::Entry> calls;
  for (const char* method : {"Fetch", "Watch", "Collect", "Compute"}) {
    calls.emplace_back(server.calls(), method, now - (calls.size() + 1) * std::chrono::minutes(1));
  }
  const std::string told = Run(server, {.grace = absl::Milliseconds(1), .stuck_after = absl::Milliseconds(10)}, [&] {
    Signal();
    // The first time it is asked how many calls there are, then which are stuck.
    EXPECT_TRUE(WaitUntil([&] { return server.asked() >= 3; }));
    server.Finish();
  });
  const std::string line = "still not stopped, though cancelled: 4 calls: Compute for 4m";
  EXPECT_THAT(told, HasSubstr(line));
  EXPECT_NE(told.find(line), told.rfind(line)) << told;
  EXPECT_THAT(told, HasSubstr(", Collect for 3m"));
  EXPECT_THAT(told, HasSubstr(", Watch for 2m"));
  EXPECT_THAT(told, HasSubstr(", …\n"));
  EXPECT_THAT(told, Not(HasSubstr("Fetch")));
}

TEST_F(LifecycleTest, NamesTheCallsThatAreStuckAfterASecondSignalHoweverLongTheGrace) {
  FakeServer server(/*heeds_cancel=*/false);
  const async::InFlightCalls::Entry call(server.calls(), "Fetch", std::chrono::steady_clock::now());
  const std::string told = Run(server, {.grace = absl::Hours(1), .stuck_after = absl::Milliseconds(10)}, [&] {
    Signal();
    ASSERT_TRUE(server.HasNoted("shutdown within 1h"));
    Signal();
    // Which there are, to finish and to cancel; then which are stuck.
    EXPECT_TRUE(WaitUntil([&] { return server.asked() >= 3; }));
    server.Finish();
  });
  EXPECT_THAT(told, HasSubstr("still not stopped, though cancelled: 1 call: Fetch for "));
}

}  // namespace
}  // namespace meanwhile
