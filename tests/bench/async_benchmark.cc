// What the parts of async cost: a task's resumption, a timer, the mailbox, a call from loop to loop in one process.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "async/client_call.h"
#include "async/event_loop.h"
#include "async/mailbox.h"
#include "async/task.h"
#include "async/timer_queue.h"
#include "async/when_all.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/async/fake_poller.h"
#include "tests/async/test_server.h"

namespace meanwhile::async {
namespace {

using namespace std::chrono_literals;

// Runs a coroutine that holds the benchmark's own loop.
template <typename Body>
void RunIn(EventLoop& loop, Body& body) {
  loop.Spawn(body());
  loop.Stop();
  loop.Run();
}

Task<int> Return(int value) { co_return value; }

void TaskThatFinishesAtOnce(benchmark::State& state) {
  FakeLoop loop;
  auto body = [&]() -> Task<> {
    for (auto _ : state) benchmark::DoNotOptimize(co_await Return(1));
  };
  RunIn(loop, body);
}
BENCHMARK(TaskThatFinishesAtOnce);

// Suspends, goes through the loop's list and is resumed.
void TaskResume(benchmark::State& state) {
  FakeLoop loop;
  auto suspend = [&]() -> Task<int> {
    co_await NextTurn(loop);
    co_return 1;
  };
  auto body = [&]() -> Task<> {
    for (auto _ : state) benchmark::DoNotOptimize(co_await suspend());
  };
  RunIn(loop, body);
}
BENCHMARK(TaskResume);

class IdleTimer final : public Timer {
 private:
  void OnTimer() override {}
};

// A queue that holds as many timers as the benchmark's argument, due at random times within 100 ms.
class FullQueue {
 public:
  explicit FullQueue(std::size_t size) : timers_(size) {
    for (std::unique_ptr<IdleTimer>& timer : timers_) {
      timer = std::make_unique<IdleTimer>();
      queue_.Add(timer.get(), RandomTime());
    }
    for (TimePoint& time : times_) time = RandomTime();
  }

  TimerQueue& queue() { return queue_; }
  // Drawn beforehand: drawing costs more than a timer.
  TimePoint NextTime() { return times_[next_++ % times_.size()]; }

 private:
  TimePoint RandomTime() { return TimePoint(std::chrono::microseconds(random_() % 100'000)); }

  std::mt19937 random_{1};
  TimerQueue queue_;
  std::vector<std::unique_ptr<IdleTimer>> timers_;
  std::vector<TimePoint> times_ = std::vector<TimePoint>(4096);
  std::size_t next_ = 0;
};

void TimerInsertAndCancel(benchmark::State& state) {
  FullQueue full(static_cast<std::size_t>(state.range(0)));
  IdleTimer timer;
  for (auto _ : state) {
    full.queue().Add(&timer, full.NextTime());
    full.queue().Remove(&timer);
  }
}
BENCHMARK(TimerInsertAndCancel)->RangeMultiplier(10)->Range(10, 100'000);

// In a queue that keeps its size the earliest timer fires and is added again 100 ms later, as calls with a wait do.
void TimerInsertAndFire(benchmark::State& state) {
  class Repeating final : public Timer {
   public:
    explicit Repeating(TimerQueue* queue) : queue_(queue) {}
    void Start(TimePoint due) {
      due_ = due;
      queue_->Add(this, due);
    }

   private:
    void OnTimer() override { Start(due_ + 100ms); }

    TimerQueue* queue_;
    TimePoint due_;
  };
  TimerQueue queue;
  std::mt19937 random(1);
  std::vector<std::unique_ptr<Repeating>> timers(static_cast<std::size_t>(state.range(0)));
  for (auto& timer : timers) {
    timer = std::make_unique<Repeating>(&queue);
    timer->Start(TimePoint(std::chrono::microseconds(random() % 100'000)));
  }
  for (auto _ : state) queue.FireOne(TimePoint::max());
}
BENCHMARK(TimerInsertAndFire)->RangeMultiplier(10)->Range(10, 100'000);

// One poster and one loop on one thread: what a letter costs without its wake-up. The argument is how many come at a
// time.
void MailboxPutAndDeliver(benchmark::State& state) {
  class Letter final : public MailboxItem {
    void OnDelivered() override {}
  };
  Mailbox mailbox;
  std::vector<std::unique_ptr<Letter>> letters(static_cast<std::size_t>(state.range(0)));
  for (auto& letter : letters) letter = std::make_unique<Letter>();
  for (auto _ : state) {
    for (auto& letter : letters) benchmark::DoNotOptimize(mailbox.Put(letter.get()));
    mailbox.DeliverAll();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(MailboxPutAndDeliver)->Arg(1)->Arg(100);

// A loop that serves and a loop that calls, in one process over loopback. The argument is how many calls are in flight.
void UnaryCall(benchmark::State& state) {
  TestServer server(
      [](CallContext&, const v1::FetchRequest& request, v1::FetchResponse* response) -> Task<grpc::Status> {
        response->set_payload(request.payload());
        co_return grpc::Status();
      });
  auto stub = server.NewStub();
  EventLoop loop;
  auto call = [&]() -> Task<grpc::Status> {
    grpc::ClientContext context;
    v1::FetchRequest request;
    v1::FetchResponse response;
    co_return co_await CallUnary(loop, *stub, &v1::Meanwhile::Stub::PrepareAsyncFetch, context, request, &response);
  };
  auto body = [&]() -> Task<> {
    for (auto _ : state) {
      std::vector<Task<grpc::Status>> calls;
      for (int i = 0; i < state.range(0); ++i) calls.push_back(call());
      const std::vector<grpc::Status> statuses = co_await WhenAll(loop, std::move(calls));
      for (const grpc::Status& status : statuses) {
        if (!status.ok()) state.SkipWithError(status.error_message().c_str());
      }
    }
  };
  RunIn(loop, body);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(UnaryCall)->Arg(1)->Arg(100)->UseRealTime();

}  // namespace
}  // namespace meanwhile::async

BENCHMARK_MAIN();
