#include "loadtest/engine/http2/client_session.h"

#include <algorithm>
#include <array>
#include <new>

#include "loadtest/engine/call_options.h"

namespace meanwhile::http2 {
namespace {

// What the server may have in flight to us. A load tester takes in whatever comes, so its windows only bound the memory
// of sockets; these keep them from being what limits an answer.
constexpr int32_t kStreamWindow = 1 << 20;
constexpr int32_t kConnectionWindow = 16 << 20;
constexpr uint32_t kMaxHeaderListBytes = 8 << 10;
constexpr std::size_t kFrameHeaderBytes = 9;

absl::string_view View(const uint8_t* bytes, std::size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

}  // namespace

// What nghttp2 calls. All of them run within Receive, Collect or Start.
struct ClientSession::Callbacks {
  static ClientSession& Of(void* user_data) { return *static_cast<ClientSession*>(user_data); }

  static int OnBeginHeaders(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user_data) {
    if (Call* call = Of(user_data).CallOf(frame->hd.stream_id)) call->response.OnHeadersBegin();
    return 0;
  }

  static int OnHeader(nghttp2_session* /*session*/, const nghttp2_frame* frame, const uint8_t* name,
                      std::size_t name_size, const uint8_t* value, std::size_t value_size, uint8_t /*flags*/,
                      void* user_data) {
    ClientSession& self = Of(user_data);
    if (Call* call = self.CallOf(frame->hd.stream_id)) {
      call->response.OnHeader(View(name, name_size), View(value, value_size));
      self.EndIfResponseHas(call);
    }
    return 0;
  }

  static int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    ClientSession& self = Of(user_data);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA:
        self.OnStreamFrame(frame->hd);
        break;
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) break;
        self.max_streams_ = nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
        if (!self.ready_) {
          self.ready_ = true;
          self.owner_->OnReady();
        }
        break;
      case NGHTTP2_GOAWAY:
        if (!self.going_away_) {
          self.going_away_ = true;
          self.owner_->OnGoingAway();
        }
        break;
      default:
        break;
    }
    return 0;
  }

  static int OnData(nghttp2_session* /*session*/, uint8_t /*flags*/, int32_t stream, const uint8_t* data,
                    std::size_t size, void* user_data) {
    ClientSession& self = Of(user_data);
    if (Call* call = self.CallOf(stream)) {
      call->response.OnData(View(data, size), self.gzip_,
                            [&](absl::string_view message) { self.owner_->OnMessage(call, message); });
      self.EndIfResponseHas(call);
    }
    return 0;
  }

  static int OnStreamClose(nghttp2_session* /*session*/, int32_t stream, uint32_t error, void* user_data) {
    ClientSession& self = Of(user_data);
    --self.streams_;
    if (Call* call = self.CallOf(stream)) {
      call->response.OnReset(error);  // Unless the response has ended in good order.
      self.End(call);
    }
    if (self.recent_stream_ == stream) self.recent_stream_ = 0;
    return 0;
  }

  static int OnError(nghttp2_session* /*session*/, int /*error*/, const char* text, std::size_t size, void* user_data) {
    Of(user_data).problem_.assign(text, size);
    return 0;
  }

  static int OnInvalidFrame(nghttp2_session* /*session*/, const nghttp2_frame* /*frame*/, int error, void* user_data) {
    std::string& problem = Of(user_data).problem_;
    if (problem.empty()) problem = nghttp2_strerror(error);
    return 0;
  }

  // How much of the body the next frame holds; it is not copied to nghttp2.
  static ssize_t ReadBody(nghttp2_session* /*session*/, int32_t stream, uint8_t* /*buffer*/, std::size_t most,
                          uint32_t* flags, nghttp2_data_source* /*source*/, void* user_data) {
    ClientSession& self = Of(user_data);
    Call* call = self.CallOf(stream);
    if (call == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const uint64_t left = call->body.available();
    // SendDue goes on with it.
    if (left == 0 && !call->body.all_due()) return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (left <= most && call->body.all_due()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(std::min<uint64_t>(left, most));
  }

  static int SendData(nghttp2_session* /*session*/, nghttp2_frame* frame, const uint8_t* header, std::size_t size,
                      nghttp2_data_source* /*source*/, void* user_data) {
    ClientSession& self = Of(user_data);
    Call* call = self.CallOf(frame->hd.stream_id);
    if (call == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    self.batch_->Add(View(header, kFrameHeaderBytes));
    const bool lasts = call->body.body() != &call->own_body;
    while (size > 0) {
      const absl::string_view piece = call->body.Take(size);
      if (lasts) {
        self.batch_->AddLasting(piece);
      } else {
        self.batch_->Add(piece);
      }
      size -= piece.size();
    }
    if (call->streams_to_server) {
      for (uint64_t sent = call->body.TakeSentMessages(); sent > 0; --sent) self.owner_->OnMessageSent(call);
    }
    return self.batch_->full() ? NGHTTP2_ERR_PAUSE : 0;
  }

  static nghttp2_session_callbacks* Make() {
    nghttp2_session_callbacks* callbacks = nullptr;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) throw std::bad_alloc();
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &OnBeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &OnHeader);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &OnFrame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &OnData);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &OnStreamClose);
    nghttp2_session_callbacks_set_error_callback2(callbacks, &OnError);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, &OnInvalidFrame);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, &SendData);
    return callbacks;
  }

  static nghttp2_option* MakeOptions() {
    nghttp2_option* option = nullptr;
    if (nghttp2_option_new(&option) != 0) throw std::bad_alloc();
    // Closed streams are kept for priorities only, which nobody uses here.
    nghttp2_option_set_no_closed_streams(option, 1);
    // A grpc-message may begin or end with a space, which RFC 9113 has no header's value do.
    nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option, 1);
    // Calls wait here and not in nghttp2, see at_stream_limit.
    nghttp2_option_set_peer_max_concurrent_streams(option, NGHTTP2_INITIAL_MAX_CONCURRENT_STREAMS);
    return option;
  }
};

void Call::OnTimer() { session->SendDue(this); }

ClientSession::ClientSession(std::chrono::nanoseconds interval, async::TimerQueue* timers, GzipReader* gzip,
                             nghttp2_mem* memory, SessionOwner* owner)
    : interval_(interval), timers_(timers), gzip_(gzip), owner_(owner) {
  static nghttp2_session_callbacks* const kCallbacks = Callbacks::Make();
  static nghttp2_option* const kOptions = Callbacks::MakeOptions();
  nghttp2_session* session = nullptr;
  if (nghttp2_session_client_new3(&session, kCallbacks, this, kOptions, memory) != 0) throw std::bad_alloc();
  session_.reset(session);
  const std::array settings{
      nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMaxHeaderListBytes},
  };
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

ClientSession::~ClientSession() = default;

bool ClientSession::Start(Call* call, absl::Duration left, WriteBatch* batch) {
  if (nghttp2_session_check_request_allowed(session_.get()) == 0) {
    going_away_ = true;
    return false;
  }
  nghttp2_data_provider body{};
  body.read_callback = &Callbacks::ReadBody;
  int32_t stream = 0;
  if (left == absl::InfiniteDuration()) {
    const std::vector<nghttp2_nv>& headers = call->spec->headers();
    stream = nghttp2_submit_request(session_.get(), nullptr, headers.data(), headers.size(), &body, call);
  } else {
    std::string timeout;
    const std::vector<nghttp2_nv> headers = call->spec->HeadersWithin(left, &timeout);
    stream = nghttp2_submit_request(session_.get(), nullptr, headers.data(), headers.size(), &body, call);
  }
  if (stream < 0) {
    going_away_ = true;
    return false;
  }
  call->session = this;
  call->stream = stream;
  call->response.Begin();
  if (call->streams_to_server && interval_.count() > 0) BeginStream(call);
  open_.PushBack(call);
  ++streams_;
  recent_stream_ = stream;
  recent_call_ = call;
  // An error is found by the next Collect as well.
  Collect(batch).IgnoreError();
  return true;
}

void ClientSession::BeginStream(Call* call) {
  call->stream_start = std::chrono::steady_clock::now();
  call->body.SetDue(1);
  if (!call->body.all_due()) timers_->Add(call, call->stream_start + interval_);
}

void ClientSession::SendDue(Call* call) {
  const StreamOptions stream{.interval = interval_};
  const uint64_t due = stream.DueAfter(std::chrono::steady_clock::now() - call->stream_start, call->body.messages());
  call->body.SetDue(due);
  if (!call->body.all_due()) timers_->Add(call, call->stream_start + interval_ * due);
  // It fails when the call's earlier messages still wait for the server's window: then it goes on by itself.
  nghttp2_session_resume_data(session_.get(), call->stream);
  owner_->OnActive();
}

void ClientSession::Cancel(Call* call) {
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, call->stream, NGHTTP2_CANCEL);
  TakeOff(call);
}

absl::Status ClientSession::Receive(absl::string_view bytes) {
  const ssize_t taken =
      nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0) {
    problem_ = nghttp2_strerror(static_cast<int>(taken));
    return absl::UnavailableError(problem_);
  }
  return absl::OkStatus();
}

absl::Status ClientSession::Collect(WriteBatch* batch) {
  batch_ = batch;
  while (!batch->full()) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size < 0) {
      problem_ = nghttp2_strerror(static_cast<int>(size));
      return absl::UnavailableError(problem_);
    }
    // Data frames went to the batch by SendData.
    if (size == 0) break;
    batch->Add(View(bytes, static_cast<std::size_t>(size)));
  }
  return absl::OkStatus();
}

bool ClientSession::done() const {
  if (nghttp2_session_want_write(session_.get()) != 0) return false;
  // Without a GOAWAY, when all stream numbers are used up, nghttp2 would go on reading.
  return nghttp2_session_want_read(session_.get()) == 0 || (going_away_ && streams_ == 0);
}

void ClientSession::EndAll(const absl::Status& status) {
  while (Call* call = open_.front()) {
    call->response.Fail(status.code(), status.message());
    End(call);
  }
}

// The call on a stream, or null when it has been taken off.
Call* ClientSession::CallOf(int32_t stream) {
  if (stream != recent_stream_) {
    recent_stream_ = stream;
    recent_call_ = static_cast<Call*>(nghttp2_session_get_stream_user_data(session_.get(), stream));
  }
  return recent_call_;
}

void ClientSession::OnStreamFrame(const nghttp2_frame_hd& frame) {
  Call* call = CallOf(frame.stream_id);
  if (call == nullptr) return;
  const bool end_of_stream = (frame.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame.type == NGHTTP2_HEADERS) {
    call->response.OnHeadersEnd(end_of_stream);
  } else if (end_of_stream) {
    call->response.OnEndOfStream();
  }
  if (!call->response.ended()) return;
  if (!end_of_stream) return EndIfResponseHas(call);
  // The stream closes by itself, unless the server has answered before it had the whole request.
  if (call->body.done()) return;
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, call->stream, NGHTTP2_NO_ERROR);
  TakeOff(call);
  owner_->OnCallEnded(call);
}

// A response that has ended before its stream did.
void ClientSession::EndIfResponseHas(Call* call) {
  if (!call->response.ended()) return;
  Cancel(call);
  owner_->OnCallEnded(call);
}

void ClientSession::TakeOff(Call* call) {
  nghttp2_session_set_stream_user_data(session_.get(), call->stream, nullptr);
  if (recent_stream_ == call->stream) recent_call_ = nullptr;
  Leave(call);
}

// Its stream is closed, or will never be.
void ClientSession::End(Call* call) {
  if (recent_stream_ == call->stream) recent_call_ = nullptr;
  Leave(call);
  owner_->OnCallEnded(call);
}

void ClientSession::Leave(Call* call) {
  if (call->pending()) timers_->Remove(call);
  open_.Remove(call);
  call->session = nullptr;
}

}  // namespace meanwhile::http2
