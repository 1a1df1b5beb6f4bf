// FakeEngine: an engine over a simulated clock, so that loops are tested without a server and without time. Each call
// takes `service_time` and ends with `code`. It checks its contract: no two calls in one slot, none after Stop, and
// nobody who waits for ever.
//
// Thread: the test's.

#ifndef MEANWHILE_TESTS_LOADTEST_LOAD_FAKE_ENGINE_H_
#define MEANWHILE_TESTS_LOADTEST_LOAD_FAKE_ENGINE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "loadtest/engine/engine.h"

namespace meanwhile {

class FakeEngine final : public Engine {
 public:
  void Run(EngineDriver* driver) override {
    driver_ = driver;
    driver->OnStart();
    while (!stopped_ || !in_flight_.empty()) {
      const bool timer_first = timer_ && (in_flight_.empty() || *timer_ <= in_flight_.begin()->first);
      ASSERT_TRUE(timer_first || !in_flight_.empty()) << "the engine waits for ever";
      if (timer_first) {
        now = std::max(now, *std::exchange(timer_, std::nullopt) + timer_lateness);
        if (on_tick) on_tick();
        driver->OnTimer();
      } else {
        const auto [end, slot] = *in_flight_.begin();
        in_flight_.erase(in_flight_.begin());
        now = std::max(now, end);
        driver->OnCallEnded(slot, {code, "message"});
      }
    }
  }
  std::size_t Send(std::size_t slot) override {
    EXPECT_FALSE(stopped_);
    for (const auto& [end, busy] : in_flight_) EXPECT_NE(busy, slot) << "two calls in one slot";
    in_flight_.emplace(answered_at ? answered_at(now) : now + service_time, slot);
    slots.push_back(slot);
    most_in_flight = std::max(most_in_flight, in_flight_.size());
    sent.push_back(now);
    return sent.size() % methods;
  }
  void CancelCalls() override {
    ++cancels;
    code = absl::StatusCode::kCancelled;
    std::multimap<LoadTime, std::size_t> cancelled;
    for (const auto& [end, slot] : in_flight_) cancelled.emplace(now, slot);
    in_flight_ = std::move(cancelled);
  }
  void SetTimer(LoadTime due) override { timer_ = due; }
  void Stop() override {
    EXPECT_FALSE(stopped_);
    stopped_ = true;
    timer_.reset();
  }

  LoadTime now{std::chrono::hours(1)};
  std::chrono::nanoseconds service_time = std::chrono::milliseconds(50);
  // In place of service_time: when a call that is sent at this time ends.
  std::function<LoadTime(LoadTime sent)> answered_at;
  // How late a timer is heard.
  std::chrono::nanoseconds timer_lateness{0};
  absl::StatusCode code = absl::StatusCode::kOk;
  std::function<void()> on_tick;
  // Of the plan; they are called in turn.
  std::size_t methods = 1;
  // When calls were sent, and in which slots.
  std::vector<LoadTime> sent;
  std::vector<std::size_t> slots;
  std::size_t most_in_flight = 0;
  int cancels = 0;

 private:
  EngineDriver* driver_ = nullptr;
  std::multimap<LoadTime, std::size_t> in_flight_;
  std::optional<LoadTime> timer_;
  bool stopped_ = false;
};

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_LOADTEST_LOAD_FAKE_ENGINE_H_
