// A completion-queue server written by hand, without //async: the yardstick for what the library costs.
//
// It answers Meanwhile.Fetch with the request's payload, after a fixed wait if it is told one, and
// grpc.health.v1.Health.Check with SERVING. It does the least that such a server must: it never learns that a client
// has cancelled, it has no coroutines, no thread pool, no limits, and it takes no wait from a request.
//
//   bare_server --listen=127.0.0.1:50051 --loops=2 --wait=50ms
//
// It serves until SIGTERM or SIGINT.

#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>
#include <grpc/support/time.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"

namespace meanwhile {
namespace {

using Clock = std::chrono::steady_clock;
using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

void Answer(const v1::FetchRequest& request, v1::FetchResponse* response) { response->set_payload(request.payload()); }
void Answer(const HealthCheckRequest& /*request*/, HealthCheckResponse* response) {
  response->set_status(HealthCheckResponse::SERVING);
}

class Tag {
 public:
  virtual ~Tag() = default;
  virtual void OnEvent(bool ok) = 0;
};

// How long an idle loop goes without a look at whether it shall stop.
constexpr std::chrono::milliseconds kLookPeriod(50);

// One completion queue, its thread and its timers. The thread ends after Stop, when no slot is armed or serving. Stop
// comes after the server's Shutdown has returned: until then somebody must poll its connections.
class Loop {
 public:
  explicit Loop(std::unique_ptr<grpc::ServerCompletionQueue> queue) : queue_(std::move(queue)) {}

  grpc::ServerCompletionQueue* queue() { return queue_.get(); }
  void AddSlot() { ++slots_; }
  void RemoveSlot() { --slots_; }
  void Stop() { stopped_ = true; }  // Any thread; noticed within kLookPeriod.
  void CallAfter(Clock::duration wait, Tag* tag) { timers_.push({Clock::now() + wait, tag}); }

  void Run() {
    void* tag = nullptr;
    bool ok = false;
    while (slots_ > 0 || !stopped_) {
      if (queue_->AsyncNext(&tag, &ok, NextDeadline()) == grpc::CompletionQueue::GOT_EVENT) {
        static_cast<Tag*>(tag)->OnEvent(ok);
      }
      FireTimers();
    }
    queue_->Shutdown();
    while (queue_->Next(&tag, &ok)) {
    }
  }

 private:
  struct Timer {
    Clock::time_point due;
    Tag* tag;
    bool operator>(const Timer& other) const { return due > other.due; }
  };

  gpr_timespec NextDeadline() const {
    Clock::time_point next = Clock::now() + kLookPeriod;
    if (!timers_.empty()) next = std::min(next, timers_.top().due);
    return gpr_time_from_nanos(std::chrono::nanoseconds(next.time_since_epoch()).count(), GPR_CLOCK_MONOTONIC);
  }
  void FireTimers() {
    if (timers_.empty()) return;
    const Clock::time_point now = Clock::now();
    while (!timers_.empty() && timers_.top().due <= now) {
      Tag* tag = timers_.top().tag;
      timers_.pop();
      tag->OnEvent(true);
    }
  }

  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  int slots_ = 0;
  std::atomic<bool> stopped_ = false;
};

// The slots of one method on one loop: so many armed, and as many more as are serving.
template <typename Service, typename Request, typename Response>
class Method {
 public:
  using Responder = grpc::ServerAsyncResponseWriter<Response>;
  using RequestMember = void (Service::*)(grpc::ServerContext*, Request*, Responder*, grpc::CompletionQueue*,
                                          grpc::ServerCompletionQueue*, void*);

  Method(Loop* loop, Service* service, RequestMember request_member, int armed, Clock::duration wait)
      : loop_(loop), service_(service), request_member_(request_member), wait_(wait) {
    for (int i = 0; i < armed; ++i) ArmOne();
  }

 private:
  class Slot final : public Tag {
   public:
    explicit Slot(Method* method) : method_(method) {}

    void Arm() {
      method_->loop_->AddSlot();
      state_ = State::kArmed;
      context_.emplace();
      responder_.emplace(&*context_);
      (method_->service_->*method_->request_member_)(&*context_, &request_, &*responder_, method_->loop_->queue(),
                                                     method_->loop_->queue(), static_cast<Tag*>(this));
    }

    void OnEvent(bool ok) override {
      switch (state_) {
        case State::kArmed:
          if (!ok) return End();
          method_->ArmOne();
          if (method_->wait_ == Clock::duration::zero()) return Finish();
          state_ = State::kWaiting;
          return method_->loop_->CallAfter(method_->wait_, this);
        case State::kWaiting:
          return Finish();
        case State::kFinishing:
          return End();
      }
    }

   private:
    enum class State { kArmed, kWaiting, kFinishing };

    void Finish() {
      state_ = State::kFinishing;
      Answer(request_, &response_);
      responder_->Finish(response_, grpc::Status::OK, static_cast<Tag*>(this));
    }
    void End() {
      responder_.reset();
      context_.reset();
      method_->idle_.push_back(this);
      method_->loop_->RemoveSlot();
    }

    Method* method_;
    State state_ = State::kArmed;
    std::optional<grpc::ServerContext> context_;
    std::optional<Responder> responder_;
    Request request_;
    Response response_;
  };

  void ArmOne() {
    if (idle_.empty()) {
      slots_.push_back(std::make_unique<Slot>(this));
      idle_.push_back(slots_.back().get());
    }
    Slot* slot = idle_.back();
    idle_.pop_back();
    slot->Arm();
  }

  Loop* loop_;
  Service* service_;
  RequestMember request_member_;
  Clock::duration wait_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> idle_;
};

int Main(int argc, char** argv) {
  std::string listen = "127.0.0.1:50051";
  int loop_count = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  int armed = 1000;
  std::string wait_text = "0";
  CLI::App app("A completion-queue server written by hand: the yardstick for what //async costs.");
  app.add_option("--listen", listen, "Where to listen: ADDR:PORT");
  app.add_option("--loops", loop_count, "Completion queues, each with its thread")->check(CLI::Range(1, 1024));
  app.add_option("--armed", armed, "Calls each loop is ready to take")->check(CLI::Range(1, 100'000));
  app.add_option("--wait", wait_text, "How long each Fetch waits: 50ms");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  absl::Duration wait;
  if (!absl::ParseDuration(wait_text, &wait) || wait < absl::ZeroDuration() || wait > absl::Hours(1)) {
    std::fprintf(stderr, "--wait=%s: must be a duration from 0 to 1h\n", wait_text.c_str());
    return 2;
  }

  // Blocked before any thread exists, so that only sigwait below takes them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);

  v1::Meanwhile::AsyncService service;
  Health::AsyncService health;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  builder.RegisterService(&health);
  std::vector<std::unique_ptr<Loop>> loops;
  for (int i = 0; i < loop_count; ++i) loops.push_back(std::make_unique<Loop>(builder.AddCompletionQueue()));
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    std::fprintf(stderr, "--listen=%s: cannot listen there\n", listen.c_str());
    return 1;
  }

  using FetchMethod = Method<v1::Meanwhile::AsyncService, v1::FetchRequest, v1::FetchResponse>;
  using CheckMethod = Method<Health::AsyncService, HealthCheckRequest, HealthCheckResponse>;
  std::vector<std::unique_ptr<FetchMethod>> fetch;
  std::vector<std::unique_ptr<CheckMethod>> check;
  std::vector<std::thread> threads;
  for (const std::unique_ptr<Loop>& loop : loops) {
    fetch.push_back(std::make_unique<FetchMethod>(loop.get(), &service, &v1::Meanwhile::AsyncService::RequestFetch,
                                                  armed, absl::ToChronoNanoseconds(wait)));
    check.push_back(std::make_unique<CheckMethod>(loop.get(), &health, &Health::AsyncService::RequestCheck, 2,
                                                  Clock::duration::zero()));
    threads.emplace_back([loop = loop.get()] { loop->Run(); });
  }
  std::fprintf(stderr, "bare server: serving on port %d with %d loops\n", port, loop_count);

  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  for (const std::unique_ptr<Loop>& loop : loops) loop->Stop();
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace
}  // namespace meanwhile

int main(int argc, char** argv) { return meanwhile::Main(argc, argv); }
