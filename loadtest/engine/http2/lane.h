// Lane: one of an engine's connections, kept standing. Calls that are sent on it go out over its connection, and wait
// where there is none or where the server allows for no more streams.
//
//  - When a connection ends, or the server says that it takes no new calls (GOAWAY), another takes its place. What is
//  in
//    flight on one that goes away goes on there to its end.
//  - A call that is sent while no connection stands waits for the attempt that is under way, or for the next, and ends
//    with UNAVAILABLE when that fails: so nobody spins on a server that is gone. With wait_for_ready it goes on
//    waiting.
//
// Ownership: the engine's. Thread: the engine's.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_LANE_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_LANE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "async/timer_queue.h"
#include "loadtest/engine/engine.h"
#include "loadtest/engine/http2/call.h"
#include "loadtest/engine/http2/connection.h"
#include "loadtest/engine/http2/endpoint.h"
#include "loadtest/engine/http2/reconnect_backoff.h"
#include "loadtest/engine/http2/transport.h"

namespace meanwhile::http2 {

class Lane;

class LaneOwner {
 public:
  virtual ~LaneOwner() = default;

  // Flush it before the loop waits again.
  virtual void OnActive(Lane* lane) = 0;
  // The connection of this lane has come to stand, or stands no longer.
  virtual void OnStanding(std::size_t lane, bool stands) = 0;
  virtual void OnMessage(Call* call, absl::string_view message) = 0;
  virtual void OnMessageSent(Call* call) = 0;
  // Its response says how. The call may be sent again at once.
  virtual void OnCallEnded(Call* call) = 0;
};

// Turns a connecting socket into a transport: in the clear, or TLS.
using MakeTransport = std::function<std::unique_ptr<Transport>(int socket)>;

class Lane final : private ConnectionOwner, private async::Timer {
 public:
  // All outlive the lane. `index` tells it from the engine's others.
  Lane(ConnectionContext* context, const Endpoint* endpoint, const MakeTransport* make_transport, std::size_t index,
       LaneOwner* owner);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  ~Lane() override;

  // Begins the first attempt to connect.
  void Connect();
  bool stands() const { return current_ != nullptr && current_->is_standing(); }
  // Why the last attempt to connect has failed; empty when none has.
  const std::string& failure() const { return failure_; }

  // `turn` counts the turns of the engine's loop, from 1.
  void Send(Call* call, uint64_t turn);
  // Takes a call back, wherever it is, without telling the owner.
  void Cancel(Call* call);

  // Starts what waits and writes what there is.
  void Flush(uint64_t turn);
  // Destroys connections that have ended. At the end of a turn only.
  void Bury() { ended_.clear(); }

  // Calls that had to wait because the server allowed for no more streams.
  uint64_t waited_for_stream() const { return waited_for_stream_; }
  bool active = false;  // The owner's: it is to be flushed.

 private:
  void OnReady(Connection* connection) override;
  void OnActive(Connection* /*connection*/) override { owner_->OnActive(this); }
  void OnGoingAway(Connection* connection) override;
  void OnClosed(Connection* connection, const absl::Status& reason) override;
  void OnMessage(Call* call, absl::string_view message) override { owner_->OnMessage(call, message); }
  void OnMessageSent(Call* call) override { owner_->OnMessageSent(call); }
  void OnCallEnded(Call* call) override { owner_->OnCallEnded(call); }
  void OnTimer() override { Connect(); }

  bool MayStart() const;
  // Of a call that waits.
  bool WaitedForStream(const Call& call) const { return limited_turn_ >= call.turn; }
  void StartWaiting(uint64_t turn);
  // The attempt to connect to one of the endpoint's addresses has failed.
  void OnAttemptFailed(const absl::Status& reason);
  void ConnectAfter(std::chrono::nanoseconds delay);
  // Of a connection that came to stand.
  bool StoodLong() const;
  // Takes the connection out of use; it lives on until it closes.
  void Retire();

  ConnectionContext* const context_;
  const Endpoint* const endpoint_;
  const MakeTransport* const make_transport_;
  const std::size_t index_;
  LaneOwner* const owner_;
  CallList waiting_;
  std::unique_ptr<Connection> current_;
  bool stood_ = false;   // current_ came to stand.
  bool served_ = false;  // current_ has had a call.
  LoadTime stood_since_;
  std::vector<std::unique_ptr<Connection>> retired_;  // Whose calls have not all ended.
  std::vector<std::unique_ptr<Connection>> ended_;
  std::size_t next_address_ = 0;
  std::string failure_;
  ReconnectBackoff backoff_;
  std::minstd_rand random_;
  uint64_t limited_turn_ = 0;  // The last in which the limit of streams kept a call waiting.
  uint64_t waited_for_stream_ = 0;
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_LANE_H_
