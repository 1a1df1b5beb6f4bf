#include "tests/loadtest/engine/http2/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>

namespace meanwhile::http2 {

std::string Request::Header(const std::string& name) const {
  for (const auto& [each, value] : headers) {
    if (each == name) return value;
  }
  return "";
}

void Peer::Send(const std::string& bytes) const {
  // A test's bytes fit into the socket; a client that is gone is none of the script's concern.
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;
    sent += static_cast<std::size_t>(count);
  }
}

// One connection: nghttp2 reads what the client sends and acknowledges its settings; its own settings and its answers
// are the script's.
class ScriptedServer::Client final : public Peer {
 public:
  Client(ScriptedServer* server, int fd, std::size_t index) : Peer(fd, index), server_(server) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &OnData);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &OnFrame);
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    // It never learns of the answers, so to it every stream stays open; the limit that the client sees is the script's.
    const nghttp2_settings_entry many{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1u << 30};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &many, 1);
    const uint8_t* own_settings = nullptr;  // Not sent: on_connect sends others.
    while (nghttp2_session_mem_send(session_, &own_settings) > 0) {
    }
    server_->script_.on_connect(*this);
  }
  ~Client() override {
    nghttp2_session_del(session_);
    close(fd_);
  }

  int fd() const { return fd_; }

  // False when the connection is over.
  bool Read() {
    std::array<char, 65536> buffer;
    const ssize_t count = recv(fd_, buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(buffer.data()),
                             static_cast<std::size_t>(count));
    // Acknowledgements and window updates.
    const uint8_t* bytes = nullptr;
    ssize_t size = 0;
    while ((size = nghttp2_session_mem_send(session_, &bytes)) > 0) {
      if (!muted_) Send(std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)));
    }
    return !closing_;
  }

 private:
  static int OnHeader(nghttp2_session* /*session*/, const nghttp2_frame* frame, const uint8_t* name,
                      std::size_t name_size, const uint8_t* value, std::size_t value_size, uint8_t /*flags*/,
                      void* user_data) {
    static_cast<Client*>(user_data)->requests_[frame->hd.stream_id].headers.emplace_back(
        std::string(reinterpret_cast<const char*>(name), name_size),
        std::string(reinterpret_cast<const char*>(value), value_size));
    return 0;
  }
  static int OnData(nghttp2_session* /*session*/, uint8_t /*flags*/, int32_t stream, const uint8_t* data,
                    std::size_t size, void* user_data) {
    static_cast<Client*>(user_data)->requests_[stream].body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int OnFrame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user_data) {
    auto& self = *static_cast<Client*>(user_data);
    const bool request_ends = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                              (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_HEADERS && self.server_->script_.on_headers) {
      self.server_->script_.on_headers(self, frame->hd.stream_id);
    }
    if (request_ends) {
      Request request = std::move(self.requests_[frame->hd.stream_id]);
      self.requests_.erase(frame->hd.stream_id);
      request.connection = self.index_;
      request.stream = frame->hd.stream_id;
      ++self.server_->requests_;
      self.server_->script_.on_request(self, request);
    } else if (frame->hd.type == NGHTTP2_RST_STREAM) {
      const std::lock_guard lock(self.server_->mutex_);
      self.server_->resets_.emplace_back(frame->hd.stream_id, frame->rst_stream.error_code);
    } else if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
      ++self.server_->pongs_;
    }
    return 0;
  }

  ScriptedServer* const server_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Request> requests_;  // That are not whole yet.
};

ScriptedServer::ScriptedServer(Script script, const std::string& unix_path)
    : script_(std::move(script)), unix_path_(unix_path) {
  if (unix_path.empty()) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    target_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  } else {
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(unix_path.begin(), unix_path.end(), address.sun_path);
    unlink(unix_path.c_str());
    bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    target_ = "unix:" + unix_path;
  }
  listen(listener_, 128);
  if (pipe(stop_) != 0) std::abort();
  thread_ = std::thread([this] { Serve(); });
}

ScriptedServer::~ScriptedServer() {
  close(stop_[1]);
  thread_.join();
  close(stop_[0]);
  close(listener_);
  if (!unix_path_.empty()) unlink(unix_path_.c_str());
}

std::vector<std::pair<int32_t, uint32_t>> ScriptedServer::resets() const {
  const std::lock_guard lock(mutex_);
  return resets_;
}

void ScriptedServer::Serve() {
  std::vector<std::unique_ptr<Client>> clients;
  while (true) {
    std::vector<pollfd> fds = {{stop_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const std::unique_ptr<Client>& client : clients) fds.push_back({client->fd(), POLLIN, 0});
    if (poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[0].revents != 0) return;
    std::vector<std::unique_ptr<Client>> kept;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (fds[i + 2].revents == 0 || clients[i]->Read()) kept.push_back(std::move(clients[i]));
    }
    clients = std::move(kept);
    if (fds[1].revents != 0) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) clients.push_back(std::make_unique<Client>(this, fd, connections_++));
    }
  }
}

}  // namespace meanwhile::http2
