// What a loop records takes the same memory for ten calls as for a million: once each status and each group of errors
// has been seen, nothing is allocated any more.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "loadtest/engine/call_source.h"
#include "loadtest/engine/engine.h"
#include "loadtest/load/closed_loop.h"
#include "loadtest/load/load_loop.h"
#include "loadtest/load/open_loop.h"
#include "loadtest/load/schedule.h"
#include "loadtest/measure/live_stats.h"
#include "loadtest/measure/measured_time.h"
#include "loadtest/measure/measurement.h"
#include "loadtest/measure/time_series.h"
#include "tests/async/counting_allocator.h"

namespace meanwhile {
namespace {

using async::AllocationsOfThisThread;
using async::BytesHeldByThisThread;
using namespace std::chrono_literals;

constexpr uint64_t kWarmUp = 1'000;
constexpr uint64_t kCalls = 1'000'000;

// What calls end with: each status in turn, each time with another message, longer than what is kept of one.
class Ends {
 public:
  CallEnd Next() {
    ++count_;
    const int size =
        std::snprintf(message_.data(), message_.size(), "error number %llu", static_cast<unsigned long long>(count_));
    message_[static_cast<std::size_t>(size)] = ',';
    return {static_cast<absl::StatusCode>(count_ % kStatusCodes), message_};
  }

 private:
  uint64_t count_ = 0;
  std::string message_ = std::string(2 * Measurement::kMaxMessageSize, 'x');
};

// Ends calls in the order in which they were sent, each after a message, on a clock of its own: one every microsecond
// at first, one every 8 ms later. Allocates nothing; counts what the driver takes from the end of call number kWarmUp
// to that of kCalls, which ends the measured time.
class CountingEngine final : public Engine {
 public:
  CountingEngine(std::size_t slots, MeasuredTime* time) : sent_(slots), time_(time) {}

  void Run(EngineDriver* driver) override {
    driver->OnStart();
    while (!stopped_) {
      ASSERT_TRUE(timer_ || in_flight_ > 0) << "the engine waits for ever";
      if (timer_ && (in_flight_ == 0 || *timer_ <= now)) {
        now = std::max(now, *timer_);
        timer_.reset();
        driver->OnTimer();
      } else {
        EndOne(driver);
      }
    }
  }
  std::size_t Send(std::size_t slot) override {
    sent_[(first_ + in_flight_++) % sent_.size()] = slot;
    return 0;
  }
  void SetTimer(LoadTime due) override { timer_ = due; }
  void CancelCalls() override { FAIL() << "a call took too long"; }
  void Stop() override { stopped_ = true; }

  std::size_t allocations() const { return allocations_; }
  int64_t bytes() const { return bytes_; }

  LoadTime now{std::chrono::hours(1)};

 private:
  void EndOne(EngineDriver* driver) {
    const std::size_t slot = sent_[first_];
    first_ = (first_ + 1) % sent_.size();
    --in_flight_;
    now += std::chrono::microseconds(1 << (ended_ / kWarmUp % 14));
    driver->OnMessage(slot, "message");
    driver->OnCallEnded(slot, ends_.Next());
    ++ended_;
    if (ended_ == kWarmUp) {
      allocations_ = AllocationsOfThisThread();
      bytes_ = BytesHeldByThisThread();
    }
    if (ended_ == kCalls) {
      allocations_ = AllocationsOfThisThread() - allocations_;
      bytes_ = BytesHeldByThisThread() - bytes_;
      time_->end = now;
    }
  }

  Ends ends_;
  std::vector<std::size_t> sent_;  // A ring of slots.
  std::size_t first_ = 0;
  std::size_t in_flight_ = 0;
  std::optional<LoadTime> timer_;
  MeasuredTime* const time_;
  bool stopped_ = false;
  uint64_t ended_ = 0;
  std::size_t allocations_ = 0;
  int64_t bytes_ = 0;
};

class RecordingMemoryTest : public testing::Test {
 protected:
  RecordingMemoryTest() {
    time_.begin = engine_.now;
    time_.end = LoadTime::max();
    plan_.methods = {{"/test.Service/Method", CallKind::kServerStreaming}};
  }

  ClosedLoopOptions Closed() {
    return {.callers = kSlots, .plan = &plan_, .now = [this] { return engine_.now; }};
  }

  static void ExpectAllRecorded(const LoadLoop& loop) {
    EXPECT_EQ(loop.counts().measurement.calls(), kCalls);
    EXPECT_EQ(loop.counts().measurement.ErrorGroups().front().message, Measurement::kOtherMessages);
    EXPECT_EQ(loop.streams()->received, kCalls);
  }

  static constexpr std::size_t kSlots = 64;
  MeasuredTime time_;
  CountingEngine engine_{kSlots, &time_};
  CallPlan plan_;
};

TEST_F(RecordingMemoryTest, AClosedLoopAllocatesNothing) {
  ClosedLoop loop(&engine_, &time_, Closed());
  engine_.Run(&loop);
  ExpectAllRecorded(loop);
  EXPECT_EQ(engine_.allocations(), 0u);
}

TEST_F(RecordingMemoryTest, CallersThatThinkTakeNoMoreMemory) {
  ClosedLoopOptions options = Closed();
  options.think_time = 1ms;
  ClosedLoop loop(&engine_, &time_, options);
  engine_.Run(&loop);
  ExpectAllRecorded(loop);
  // The queue of those that think is a std::deque: it takes a block and gives one back, now and then.
  EXPECT_LE(engine_.bytes(), 1024);
}

TEST_F(RecordingMemoryTest, AnOpenLoopAllocatesNothing) {
  LoadShape shape;
  shape.phases = {{.begin_rate = 1000, .end_rate = 1000}};
  shape.arrival.kind = Arrival::Kind::kPoisson;
  OpenLoop loop(&engine_, &time_, Schedule(&shape),
                {.start = engine_.now, .max_in_flight = kSlots, .connections = 8, .plan = &plan_, .now = [this] {
                   return engine_.now;
                 }});
  engine_.Run(&loop);
  EXPECT_GE(loop.counts().measurement.calls(), kCalls);
  EXPECT_GT(loop.counts().not_sent, 0u);
  EXPECT_EQ(engine_.allocations(), 0u);
}

// A point is a second at first, and longer where there are many.
TEST(TimeSeriesMemoryTest, IsBounded) {
  const auto bytes_of = [](std::size_t seconds) {
    const int64_t before = BytesHeldByThisThread();
    TimeSeries series;
    const LiveCounts counts;
    int64_t most = 0;
    for (std::size_t i = 0; i < seconds; ++i) {
      series.Add(absl::Seconds(1), counts, std::nullopt);
      most = std::max(most, BytesHeldByThisThread() - before);
    }
    return most;
  };
  const int64_t bytes = bytes_of(TimeSeries::kMostPoints);
  EXPECT_GT(bytes, 1 << 20) << "nothing was counted";
  EXPECT_LE(bytes_of(100'000), bytes + bytes / 100) << "the allocator rounds up now more, now less";
}

TEST(MeasurementMemoryTest, AllocatesNothingOnceEachKindOfEndHasBeenSeen) {
  Measurement measurement;
  Ends ends;
  const auto record = [&](uint64_t calls) {
    for (uint64_t i = 0; i < calls; ++i) {
      const CallTimes times = {std::chrono::microseconds(2 * i), std::chrono::microseconds(i)};
      const CallEnd end = ends.Next();
      measurement.Record(times, end.code, end.message);
      measurement.Record(times, end.code, Verdict::kWrongAnswer, end.message);
      measurement.RecordUnfinished(times);
    }
  };
  record(kWarmUp);
  const std::size_t before = AllocationsOfThisThread();
  EXPECT_GT(before, 0u) << "nothing was counted";
  record(100'000);
  EXPECT_EQ(AllocationsOfThisThread() - before, 0u);
  EXPECT_EQ(measurement.calls(), 3 * (kWarmUp + 100'000));
}

}  // namespace
}  // namespace meanwhile
