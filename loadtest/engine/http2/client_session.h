// ClientSession: the client's end of one HTTP/2 connection, without its socket: bytes from the server go in, calls end,
// bytes for the server come out. nghttp2 speaks HTTP/2; what the streams mean is said by Response.
//
// Ownership: it refers to the calls that are open on it. Thread: the engine's.
//
// Invariants:
//  1. A call is started only when its request goes to the batch in the same breath: so nghttp2 holds no stream that is
//     not open, and any open call may be cancelled.
//  2. A call that ended before its stream did is taken off the stream at once; nothing of the stream reaches it any
//  more.
//  3. The owner may start no call from within its callbacks, and may not destroy the session in them.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_CLIENT_SESSION_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_CLIENT_SESSION_H_

#include <nghttp2/nghttp2.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "async/timer_queue.h"
#include "loadtest/engine/http2/call.h"
#include "loadtest/engine/http2/call_spec.h"
#include "loadtest/engine/http2/gzip.h"
#include "loadtest/engine/http2/write_batch.h"

namespace meanwhile::http2 {

class SessionOwner {
 public:
  virtual ~SessionOwner() = default;

  // The server's first settings have come: calls may be started.
  virtual void OnReady() = 0;
  // The server takes no new calls. Those that are open go on.
  virtual void OnGoingAway() = 0;
  // A message of a call, valid within OnMessage only.
  virtual void OnMessage(Call* call, absl::string_view message) = 0;
  // A message of a call that streams to the server is on its way.
  virtual void OnMessageSent(Call* call) = 0;
  // The call is open no longer.
  virtual void OnCallEnded(Call* call) = 0;
  // There is something to be collected, by itself.
  virtual void OnActive() = 0;
};

class ClientSession {
 public:
  // All outlive the session. `memory` is what nghttp2 allocates with; null for malloc. `interval` is what lies between
  // the messages of a call that streams to the server; `timers`, of the owner's loop, keep it.
  ClientSession(std::chrono::nanoseconds interval, async::TimerQueue* timers, GzipReader* gzip, nghttp2_mem* memory,
                SessionOwner* owner);
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;
  ~ClientSession();

  bool ready() const { return ready_; }
  bool going_away() const { return going_away_; }
  // Whether the server allows for no more streams at present. (RFC 9113: SETTINGS_MAX_CONCURRENT_STREAMS.)
  bool at_stream_limit() const { return streams_ >= max_streams_; }
  std::size_t open_calls() const { return open_.size(); }

  // Starts a call, and adds its request to `batch` as far as the server's windows allow. Only when ready, not going
  // away, below the limit of streams and with a batch that is not full. `left` is the call's time when it has waited;
  // InfiniteDuration() for the time of the spec. False when the connection has no stream left: it is then going away.
  bool Start(Call* call, absl::Duration left, WriteBatch* batch);

  // Takes an open call off its stream and tells the server that nobody wants it any more. The owner is not told.
  void Cancel(Call* call);

  // Takes in bytes from the server. An error ends the connection.
  absl::Status Receive(absl::string_view bytes);

  // More messages of the call are due.
  void SendDue(Call* call);

  // Adds what is to be sent, until the batch is full. An error ends the connection.
  absl::Status Collect(WriteBatch* batch);

  // Nothing will be sent or received any more: the connection may be closed.
  bool done() const;
  // Why, when the server broke HTTP/2; else empty.
  const std::string& problem() const { return problem_; }

  // The connection is gone: ends every call that is open with this status.
  void EndAll(const absl::Status& status);

 private:
  struct Callbacks;
  struct SessionDeleter {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  Call* CallOf(int32_t stream);
  void OnStreamFrame(const nghttp2_frame_hd& frame);
  void EndIfResponseHas(Call* call);
  void BeginStream(Call* call);
  void TakeOff(Call* call);
  void End(Call* call);
  void Leave(Call* call);

  const std::chrono::nanoseconds interval_;
  async::TimerQueue* const timers_;
  GzipReader* const gzip_;
  SessionOwner* const owner_;
  std::unique_ptr<nghttp2_session, SessionDeleter> session_;
  WriteBatch* batch_ = nullptr;  // Within Collect and Start.
  bool ready_ = false;
  bool going_away_ = false;
  uint32_t max_streams_ = 0;
  uint32_t streams_ = 0;  // That count against the server's limit.
  CallList open_;
  // The stream that was asked for last and its call: the events of a stream come in runs.
  int32_t recent_stream_ = 0;
  Call* recent_call_ = nullptr;
  std::string problem_;
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_CLIENT_SESSION_H_
