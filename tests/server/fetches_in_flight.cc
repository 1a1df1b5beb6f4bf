#include "tests/server/fetches_in_flight.h"

#include <grpcpp/client_context.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "absl/time/clock.h"
#include "client/channel_pool.h"
#include "client/proto_duration.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"

namespace meanwhile {

std::size_t Sum(const Counts& counts) {
  std::size_t sum = 0;
  for (const auto& [status, count] : counts) sum += count;
  return sum;
}

struct FetchesInFlight::State {
  struct Call {
    grpc::ClientContext context;
    v1::FetchResponse response;
  };

  State(const std::string& target, std::size_t connections) : channels({.target = target, .connections = connections}) {
    for (std::size_t i = 0; i < connections; ++i) stubs.push_back(v1::Meanwhile::NewStub(channels.channel(i)));
  }

  void OnEnded(const grpc::Status& status) {
    const std::lock_guard lock(mutex);
    ++ended[status.error_code()];
    if (--running == 0) none_runs.notify_all();
  }

  ChannelPool channels;
  std::vector<std::unique_ptr<v1::Meanwhile::Stub>> stubs;
  v1::FetchRequest request;
  std::deque<Call> calls;
  std::mutex mutex;
  std::condition_variable none_runs;
  Counts ended;
  std::size_t running = 0;
};

FetchesInFlight::FetchesInFlight(const std::string& target, std::size_t count, absl::Duration wait,
                                 const FetchOptions& options)
    : state_(std::make_unique<State>(target, options.connections)) {
  ToProto(wait, state_->request.mutable_wait()->mutable_simulated()->mutable_constant());
  state_->request.set_payload(std::string(options.payload_size, 'x'));
  const absl::Time deadline = absl::Now() + options.timeout;
  state_->running = count;
  for (std::size_t i = 0; i < count; ++i) {
    State::Call& call = state_->calls.emplace_back();
    call.context.set_wait_for_ready(true);
    if (deadline < absl::InfiniteFuture()) call.context.set_deadline(absl::ToChronoTime(deadline));
    state_->stubs[i % options.connections]->async()->Fetch(
        &call.context, &state_->request, &call.response,
        [state = state_.get()](const grpc::Status& status) { state->OnEnded(status); });
  }
}

FetchesInFlight::~FetchesInFlight() {
  Cancel();
  std::unique_lock lock(state_->mutex);
  state_->none_runs.wait(lock, [this] { return state_->running == 0; });
}

void FetchesInFlight::Cancel() {
  for (State::Call& call : state_->calls) call.context.TryCancel();
}

Counts FetchesInFlight::Ended(absl::Duration patience) {
  std::unique_lock lock(state_->mutex);
  state_->none_runs.wait_for(lock, absl::ToChronoNanoseconds(patience), [this] { return state_->running == 0; });
  return state_->ended;
}

}  // namespace meanwhile
