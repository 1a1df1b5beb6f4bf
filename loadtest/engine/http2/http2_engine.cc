#include "loadtest/engine/http2/http2_engine.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "async/timer_queue.h"
#include "loadtest/engine/http2/block_pool.h"
#include "loadtest/engine/http2/call.h"
#include "loadtest/engine/http2/call_spec.h"
#include "loadtest/engine/http2/connection.h"
#include "loadtest/engine/http2/lane.h"
#include "loadtest/engine/http2/linked_list.h"
#include "loadtest/engine/http2/poll_loop.h"
#include "loadtest/engine/http2/request_body.h"
#include "loadtest/engine/http2/transport.h"

namespace meanwhile::http2 {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;
// In the reference client's words.
constexpr char kDeadlineExceeded[] = "Deadline Exceeded";
constexpr char kCancelled[] = "CANCELLED";

CallSpecOptions SpecOptions(const Http2EngineOptions& options, const Http2Target& target, const TargetMethod& method) {
  CallSpecOptions spec;
  spec.path = method.path;
  spec.authority = options.authority.empty() ? target.endpoint.authority : options.authority;
  spec.secure = target.tls != nullptr;
  spec.gzip = options.call.gzip;
  spec.metadata = options.call.metadata;
  spec.timeout = options.timeout;
  return spec;
}

MakeTransport TransportsOver(const std::shared_ptr<const TlsContext>& tls) {
  if (tls == nullptr) return [](int socket) { return std::make_unique<Transport>(socket); };
  return [tls](int socket) { return tls->MakeTransport(socket); };
}

// A timer that calls a member function of its owner.
template <typename Owner, void (Owner::*OnTimerMember)()>
class MemberTimer final : public async::Timer {
 public:
  explicit MemberTimer(Owner* owner) : owner_(owner) {}

 private:
  void OnTimer() override { (owner_->*OnTimerMember)(); }

  Owner* const owner_;
};

class NghttpEngine final : public Http2Engine, private LaneOwner {
 public:
  explicit NghttpEngine(const Http2EngineOptions& options)
      : plan_(options.plan),
        source_(plan_->make_source(*plan_, options.number)),
        options_(options.call),
        timeout_(options.timeout),
        standing_(options.connections) {
    for (const Http2Target& target : options.targets) {
      Target& own = targets_.emplace_back(target.endpoint, TransportsOver(target.tls));
      for (const TargetMethod& method : plan_->methods) own.specs.emplace_back(SpecOptions(options, target, method));
    }
    for (const FixedCall& call : plan_->fixed) fixed_bodies_.emplace_back().Assign(call.messages, options_.gzip);
    context_.loop = &loop_;
    context_.stream_interval = options_.stream.interval;
    context_.wait_for_ready = options_.wait_for_ready;
    context_.memory = blocks_.memory();
    context_.read_buffer.resize(kReadBytes);
    for (std::size_t i = 0; i < options.connections; ++i) {
      const Target& target = targets_[i % targets_.size()];
      lanes_.push_back(std::make_unique<Lane>(&context_, &target.endpoint, &target.make_transport, i,
                                              static_cast<LaneOwner*>(this)));
    }
    for (std::size_t i = 0; i < options.slots; ++i) calls_.emplace_back(options.response).slot = i;
    active_.reserve(lanes_.size());
    flushed_.reserve(lanes_.size());
  }

  bool Connect(LoadTime deadline) override {
    ConnectLanes();
    const auto all_stand = [this] {
      return std::all_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane->stands(); });
    };
    while (!all_stand() && std::chrono::steady_clock::now() < deadline) Turn(deadline);
    return all_stand();
  }

  bool is_connected(std::size_t connection) const override {
    return standing_[connection].load(std::memory_order_relaxed);
  }
  const std::string& failure_of(std::size_t connection) const override { return lanes_[connection]->failure(); }

  void Run(EngineDriver* driver) override {
    driver_ = driver;
    ConnectLanes();
    driver->OnStart();
    while (!is_done()) Turn(LoadTime::max());
  }

  std::size_t Send(std::size_t slot) override {
    Call* const call = &calls_[slot];
    ++in_flight_;
    const std::size_t method = Fill(call);
    if (timeout_ < absl::InfiniteDuration()) {
      call->deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout_);
      deadlines_.PushBack(call);
      if (!deadline_timer_.pending()) loop_.timers().Add(&deadline_timer_, call->deadline);
    }
    LaneOf(call).Send(call, turn_);
    return method;
  }

  void CancelCalls() override {
    for (Call& call : calls_) {
      if (call.place.list == nullptr || ended_.Has(&call)) continue;
      End(&call, absl::StatusCode::kCancelled, kCancelled);
    }
  }

  void SetTimer(LoadTime due) override {
    loop_.timers().Remove(&driver_timer_);
    loop_.timers().Add(&driver_timer_, due);
  }

  void Stop() override {
    loop_.timers().Remove(&driver_timer_);
    stopped_ = true;
  }

  std::size_t mallocs() const override { return blocks_.mallocs(); }

  uint64_t waited_for_stream() const override {
    uint64_t waited = 0;
    for (const std::unique_ptr<Lane>& lane : lanes_) waited += lane->waited_for_stream();
    return waited;
  }

 private:
  struct Target {
    Target(const Endpoint& where, MakeTransport transports) : endpoint(where), make_transport(std::move(transports)) {}

    Endpoint endpoint;
    MakeTransport make_transport;
    std::deque<CallSpec> specs;  // By method.
  };

  // Gives it what it sends; returns its method.
  std::size_t Fill(Call* call) {
    const OutgoingCall next = source_->Next();
    const CallKind kind = plan_->methods[next.method].kind;
    call->spec = &targets_[call->slot % lanes_.size() % targets_.size()].specs[next.method];
    call->streams_to_server = StreamsToServer(kind);
    call->response.set_one_message(!StreamsFromServer(kind));
    const RequestBody* body = &call->own_body;
    if (next.fixed != OutgoingCall::kNotFixed) {
      body = &fixed_bodies_[next.fixed];
    } else {
      call->own_body.Assign(next.messages, options_.gzip);
    }
    call->body.Begin(body, options_.stream.MessagesOf(kind, next.messages.size()));
    return next.method;
  }

  void ConnectLanes() {
    if (std::exchange(connecting_, true)) return;
    for (const std::unique_ptr<Lane>& lane : lanes_) lane->Connect();
  }

  bool is_done() const { return stopped_ && in_flight_ == 0; }
  Lane& LaneOf(const Call* call) { return *lanes_[call->slot % lanes_.size()]; }

  // One turn of the loop: what can be done at once is done before it waits, so that a connection's writes are one.
  void Turn(LoadTime latest) {
    for (std::size_t left = ended_.size(); left > 0; --left) {
      Call* call = ended_.PopFront();
      Tell(call, call->response.code(), call->response.message(), call->response.details());
    }
    FlushActive();
    // What is sent from here on is flushed in the next round, so it has not waited then.
    ++turn_;
    const bool idle = ended_.empty() && active_.empty() && !is_done();
    loop_.Turn(idle ? latest : LoadTime());
    for (const std::unique_ptr<Lane>& lane : lanes_) lane->Bury();
  }

  void FlushActive() {
    flushed_.swap(active_);
    for (Lane* lane : flushed_) lane->active = false;
    for (Lane* lane : flushed_) lane->Flush(turn_);
    flushed_.clear();
  }

  // Ends a call from here; it is told in the next turn.
  void End(Call* call, absl::StatusCode code, const char* message) {
    const bool waited = call->session == nullptr;
    LaneOf(call).Cancel(call);
    if (waited) call->response.Begin();
    call->response.Fail(code, message);
    ended_.PushBack(call);
  }

  void Tell(Call* call, absl::StatusCode code, absl::string_view message, absl::string_view details) {
    --in_flight_;
    if (deadlines_.Has(call)) deadlines_.Remove(call);
    driver_->OnCallEnded(call->slot, {code, message, details});
  }

  void OnDeadline() {
    const LoadTime now = std::chrono::steady_clock::now();
    while (!deadlines_.empty() && deadlines_.front()->deadline <= now) {
      Call* call = deadlines_.PopFront();
      if (!ended_.Has(call)) End(call, absl::StatusCode::kDeadlineExceeded, kDeadlineExceeded);
    }
    if (!deadlines_.empty()) loop_.timers().Add(&deadline_timer_, deadlines_.front()->deadline);
  }

  void OnDriverTimer() { driver_->OnTimer(); }

  void OnActive(Lane* lane) override {
    if (std::exchange(lane->active, true)) return;
    active_.push_back(lane);
  }

  void OnStanding(std::size_t lane, bool stands) override { standing_[lane].store(stands, std::memory_order_relaxed); }

  void OnMessage(Call* call, absl::string_view message) override { driver_->OnMessage(call->slot, message); }

  void OnMessageSent(Call* call) override { driver_->OnMessageSent(call->slot); }

  void OnCallEnded(Call* call) override {
    const Response& response = call->response;
    // The server has seen the deadline pass, and its news of it comes before ours.
    if (response.code() == absl::StatusCode::kCancelled && deadlines_.Has(call) &&
        call->deadline <= std::chrono::steady_clock::now()) {
      return Tell(call, absl::StatusCode::kDeadlineExceeded, kDeadlineExceeded, "");
    }
    Tell(call, response.code(), response.message(), response.details());
  }

  const std::shared_ptr<const CallPlan> plan_;
  const std::unique_ptr<CallSource> source_;
  const CallOptions options_;
  const absl::Duration timeout_;
  std::vector<std::atomic<bool>> standing_;  // By connection.
  std::deque<Target> targets_;
  std::deque<RequestBody> fixed_bodies_;  // By their numbers in the plan.
  PollLoop loop_;
  BlockPool blocks_;
  ConnectionContext context_;
  std::deque<Call> calls_;  // By slot.
  CallList ended_;          // From here, and not yet told.
  // All calls have the same timeout, so the order in which they are sent is the order of their deadlines.
  LinkedList<Call, &Call::by_deadline> deadlines_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<Lane*> active_;
  std::vector<Lane*> flushed_;  // Empty between turns; keeps its storage.
  MemberTimer<NghttpEngine, &NghttpEngine::OnDriverTimer> driver_timer_{this};
  MemberTimer<NghttpEngine, &NghttpEngine::OnDeadline> deadline_timer_{this};
  EngineDriver* driver_ = nullptr;
  uint64_t turn_ = 1;
  std::size_t in_flight_ = 0;
  bool connecting_ = false;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Http2Engine> MakeHttp2Engine(const Http2EngineOptions& options) {
  return std::make_unique<NghttpEngine>(options);
}

}  // namespace meanwhile::http2
