// ScriptedServer: a server on the loopback that answers each request with whatever bytes a test says, good or bad. It
// reads requests as a server does (a session of nghttp2's takes its end of the connection), and remembers what came.
//
//   ScriptedServer server([](Peer& peer, const Request& request) {
//     peer.Send(HeadersFrame(request.stream, {{":status", "500"}}, true));
//   });
//
// Thread: the script runs on the server's own; the accessors may be called from any.

#ifndef MEANWHILE_TESTS_LOADTEST_ENGINE_HTTP2_SCRIPTED_SERVER_H_
#define MEANWHILE_TESTS_LOADTEST_ENGINE_HTTP2_SCRIPTED_SERVER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/loadtest/engine/http2/frames.h"

namespace meanwhile::http2 {

struct Request {
  // Which of the server's connections it came over, from 0.
  std::size_t connection = 0;
  int32_t stream = 0;
  Headers headers;
  std::string body;

  // The value of a header; empty when there is none.
  std::string Header(const std::string& name) const;
};

// One connection, as a script sees it.
class Peer {
 public:
  explicit Peer(int fd, std::size_t index) : fd_(fd), index_(index) {}
  virtual ~Peer() = default;
  std::size_t index() const { return index_; }
  // Sends bytes as they are.
  void Send(const std::string& bytes) const;
  // Sends nothing by itself any more, no acknowledgement and no window.
  void Mute() { muted_ = true; }
  // Closes the connection once the script has returned.
  void Close() { closing_ = true; }

 protected:
  const int fd_;
  const std::size_t index_;
  bool closing_ = false;
  bool muted_ = false;
};

struct Script {
  // A connection has come. By default it sends empty settings.
  std::function<void(Peer&)> on_connect = [](Peer& peer) { peer.Send(SettingsFrame()); };
  // The headers of a request have come.
  std::function<void(Peer&, int32_t stream)> on_headers = nullptr;
  // A request has come, whole.
  std::function<void(Peer&, const Request&)> on_request = [](Peer& peer, const Request& request) {
    peer.Send(GoodAnswer(request.stream, request.body.size() > 5 ? request.body.substr(5) : ""));
  };
};

class ScriptedServer {
 public:
  explicit ScriptedServer(Script script = {}, const std::string& unix_path = "");
  ~ScriptedServer();

  const std::string& target() const { return target_; }
  std::size_t connections() const { return connections_; }
  std::size_t requests() const { return requests_; }
  // Streams that the client has reset, and with what.
  std::vector<std::pair<int32_t, uint32_t>> resets() const;
  // Acknowledgements of pings.
  std::size_t pongs() const { return pongs_; }

 private:
  class Client;

  void Serve();

  const Script script_;
  const std::string unix_path_;
  std::string target_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};  // A pipe; closing its end stops the thread.
  std::atomic<std::size_t> connections_ = 0;
  std::atomic<std::size_t> requests_ = 0;
  std::atomic<std::size_t> pongs_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::pair<int32_t, uint32_t>> resets_;
  std::thread thread_;
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_TESTS_LOADTEST_ENGINE_HTTP2_SCRIPTED_SERVER_H_
