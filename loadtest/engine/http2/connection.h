// Connection: one socket and the HTTP/2 session on it, from the first attempt to connect to its end. It is made once
// and used once: whoever wants to be connected again makes another (see Lane).
//
// Ownership: a lane's. Thread: the engine's. It may not be destroyed within a callback, nor before the loop's turn has
// ended, as the loop may have more events for it.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_CONNECTION_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_CONNECTION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "async/timer_queue.h"
#include "loadtest/engine/http2/call.h"
#include "loadtest/engine/http2/client_session.h"
#include "loadtest/engine/http2/endpoint.h"
#include "loadtest/engine/http2/poll_loop.h"
#include "loadtest/engine/http2/transport.h"
#include "loadtest/engine/http2/write_batch.h"

namespace meanwhile::http2 {

class Connection;

class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;

  // Calls may be started from the next Flush on.
  virtual void OnReady(Connection* connection) = 0;
  // Something has come or may be written: Flush, before the loop waits again.
  virtual void OnActive(Connection* connection) = 0;
  virtual void OnGoingAway(Connection* connection) = 0;
  // It is over; all its calls have ended. `reason` says why, also when that is in good order.
  virtual void OnClosed(Connection* connection, const absl::Status& reason) = 0;
  virtual void OnMessage(Call* call, absl::string_view message) = 0;
  virtual void OnMessageSent(Call* call) = 0;
  virtual void OnCallEnded(Call* call) = 0;
};

// What the connections of an engine share.
struct ConnectionContext {
  PollLoop* loop;
  // Between the messages of a call that streams to the server.
  std::chrono::nanoseconds stream_interval{0};
  // See CallOptions.
  bool wait_for_ready = false;
  nghttp2_mem* memory;
  GzipReader gzip;
  std::vector<char> read_buffer;
};

class Connection final : private SessionOwner, private FdWatcher, private async::Timer {
 public:
  // The transport's socket connects already. All but it outlive the connection.
  Connection(ConnectionContext* context, std::unique_ptr<Transport> transport, ConnectionOwner* owner);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;

  // Whether Start may be called.
  bool can_start() const { return is_standing() && !session_.going_away() && !at_stream_limit() && !batch_.full(); }
  bool at_stream_limit() const { return session_.at_stream_limit(); }
  // Connected, and the server's settings are known.
  bool is_standing() const { return !closed_ && session_.ready(); }

  // See ClientSession::Start; the request is written with Flush. False when the connection takes no more calls.
  bool Start(Call* call, absl::Duration left) { return session_.Start(call, left, &batch_); }

  // Writes what there is. Not from within a callback.
  void Flush();

 private:
  // How long the server has from the first attempt to connect until its settings have come.
  static constexpr std::chrono::seconds kEstablishTime{20};

  void OnEvents(uint32_t events) override;
  void OnTimer() override;
  void OnReady() override;
  void OnGoingAway() override { owner_->OnGoingAway(this); }
  void OnMessage(Call* call, absl::string_view message) override { owner_->OnMessage(call, message); }
  void OnMessageSent(Call* call) override { owner_->OnMessageSent(call); }
  void OnCallEnded(Call* call) override { owner_->OnCallEnded(call); }
  void OnActive() override { owner_->OnActive(this); }

  void Establish();
  void Read();
  // Asks the loop for these events and no others.
  void WaitFor(uint32_t events);
  void Close(const absl::Status& reason);

  ConnectionContext* const context_;
  const std::unique_ptr<Transport> transport_;
  ConnectionOwner* const owner_;
  ClientSession session_;
  WriteBatch batch_;
  uint32_t events_ = 0;  // That the loop is asked for.
  bool established_ = false;
  bool closed_ = false;
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_CONNECTION_H_
