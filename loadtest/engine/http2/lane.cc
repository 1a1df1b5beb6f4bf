#include "loadtest/engine/http2/lane.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace meanwhile::http2 {

Lane::Lane(ConnectionContext* context, const Endpoint* endpoint, const MakeTransport* make_transport, std::size_t index,
           LaneOwner* owner)
    : context_(context),
      endpoint_(endpoint),
      make_transport_(make_transport),
      index_(index),
      owner_(owner),
      random_(static_cast<std::minstd_rand::result_type>(index + 1)) {}

Lane::~Lane() = default;

void Lane::Connect() {
  const absl::StatusOr<int> socket = OpenSocket(endpoint_->addresses[next_address_]);
  if (!socket.ok()) return OnAttemptFailed(socket.status());
  stood_ = false;
  served_ = false;
  current_ = std::make_unique<Connection>(context_, (*make_transport_)(*socket), static_cast<ConnectionOwner*>(this));
}

void Lane::Send(Call* call, uint64_t turn) {
  call->turn = turn;
  waiting_.PushBack(call);
  owner_->OnActive(this);
}

void Lane::Cancel(Call* call) {
  if (call->session != nullptr) {
    call->session->Cancel(call);
    owner_->OnActive(this);
  } else if (waiting_.Has(call)) {
    waiting_.Remove(call);
    waited_for_stream_ += WaitedForStream(*call);
  }
}

void Lane::Flush(uint64_t turn) {
  do {
    StartWaiting(turn);
    if (current_ != nullptr) current_->Flush();
    // What is written has made room.
  } while (MayStart());
  if (stands() && current_->at_stream_limit() && !waiting_.empty()) limited_turn_ = turn;
  // Those that close leave the list.
  for (std::size_t i = retired_.size(); i > 0; --i) retired_[i - 1]->Flush();
}

bool Lane::MayStart() const { return !waiting_.empty() && current_ != nullptr && current_->can_start(); }

void Lane::StartWaiting(uint64_t turn) {
  while (MayStart()) {
    Call* call = waiting_.PopFront();
    absl::Duration left = absl::InfiniteDuration();
    if (call->turn != turn && call->spec->timeout() < absl::InfiniteDuration()) {
      left = absl::FromChrono(call->deadline - std::chrono::steady_clock::now());
    }
    const bool waited_for_stream = call->turn != turn && WaitedForStream(*call);
    if (current_->Start(call, left)) {
      served_ = true;
      waited_for_stream_ += waited_for_stream;
    } else {
      waiting_.PushBack(call);
      OnGoingAway(current_.get());
    }
  }
}

void Lane::OnReady(Connection* /*connection*/) {
  stood_ = true;
  stood_since_ = std::chrono::steady_clock::now();
  next_address_ = 0;
  owner_->OnStanding(index_, true);
  owner_->OnActive(this);
}

void Lane::OnGoingAway(Connection* connection) {
  owner_->OnActive(this);
  if (connection != current_.get()) return;
  // A server that lets nobody in is given the time that one is given which refuses.
  const bool was_of_use = stood_ && (served_ || StoodLong());
  Retire();
  if (was_of_use) {
    Connect();
  } else {
    OnAttemptFailed(absl::UnavailableError("the server took no calls"));
  }
}

void Lane::OnClosed(Connection* connection, const absl::Status& reason) {
  if (connection != current_.get()) {
    const auto place = std::find_if(retired_.begin(), retired_.end(),
                                    [&](const std::unique_ptr<Connection>& each) { return each.get() == connection; });
    ended_.push_back(std::move(*place));
    retired_.erase(place);
    return;
  }
  ended_.push_back(std::move(current_));
  if (!stood_) return OnAttemptFailed(reason);
  owner_->OnStanding(index_, false);
  // A server that hangs up on everyone at once is given the time that one is given which refuses.
  const bool stood_long = StoodLong();
  if (stood_long) backoff_.Reset();
  ConnectAfter(stood_long ? std::chrono::nanoseconds(0) : backoff_.Next(std::generate_canonical<double, 32>(random_)));
}

void Lane::OnAttemptFailed(const absl::Status& reason) {
  failure_ = std::string(reason.message());
  next_address_ = (next_address_ + 1) % endpoint_->addresses.size();
  if (next_address_ != 0) return ConnectAfter(std::chrono::nanoseconds(0));
  ConnectAfter(backoff_.Next(std::generate_canonical<double, 32>(random_)));
  if (context_->wait_for_ready) return;
  // Those that their driver sends again wait for the next attempt.
  for (std::size_t left = waiting_.size(); left > 0 && !waiting_.empty(); --left) {
    Call* call = waiting_.PopFront();
    waited_for_stream_ += WaitedForStream(*call);
    call->response.Begin();
    call->response.Fail(absl::StatusCode::kUnavailable,
                        absl::StrCat("cannot connect to ", endpoint_->target, ": ", reason.message()));
    owner_->OnCallEnded(call);
  }
}

void Lane::ConnectAfter(std::chrono::nanoseconds delay) {
  context_->loop->timers().Remove(this);
  context_->loop->timers().Add(this, std::chrono::steady_clock::now() + delay);
}

bool Lane::StoodLong() const { return std::chrono::steady_clock::now() - stood_since_ >= ReconnectBackoff::kLongest; }

void Lane::Retire() {
  if (stood_) owner_->OnStanding(index_, false);
  retired_.push_back(std::move(current_));
}

}  // namespace meanwhile::http2
