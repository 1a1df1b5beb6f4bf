// LingeringClose: closes connections as HTTP/2 wants it, so that a client gets every response that was sent to it.
//
// When a server stops, gRPC 1.51 closes a connection as soon as it has written the last response: it shuts the socket
// down in both directions. From then on the kernel answers whatever the client still sends, such as a ping or a window
// update, with a reset, and a reset discards what had not reached the client. So calls whose handlers have finished are
// UNAVAILABLE to a client that reads slower than the server wrote.
//
// A socket that was adopted is shut down in our direction only, which the client sees when it has read everything. It
// is kept open, and what the client sends is thrown away, until the client has closed it too or kLongest has passed.
// Where the client closes first, as in most of a server's life, nothing is done.
//
// How: the sockets are ours, but it is gRPC that closes them. The linker leads its calls of shutdown() here (see the
// BUILD file). gRPC then closes its descriptor and goes on; a second one for the same socket keeps the connection.
//
// Where there is no descriptor or thread left for that, a socket is closed as gRPC does it.
//
// Ownership: the server's; outlives the gRPC server that gets the sockets. Thread: any. One thread of its own, from the
// first connection that has to be kept.

#ifndef MEANWHILE_SERVER_NET_LINGERING_CLOSE_H_
#define MEANWHILE_SERVER_NET_LINGERING_CLOSE_H_

#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "absl/time/time.h"

namespace meanwhile {

class LingeringClose {
 public:
  // How long a client may take to read what it was sent and to close. Then the rest is the kernel's to send, until the
  // client sends something.
  static constexpr absl::Duration kLongest = absl::Seconds(1);

  LingeringClose();
  LingeringClose(const LingeringClose&) = delete;
  LingeringClose& operator=(const LingeringClose&) = delete;
  // As Finish.
  ~LingeringClose();

  // A socket that gRPC is given next.
  void Adopt(int fd);

  // When gRPC has shut its sockets down: returns when all of them are closed. May be called twice.
  void Finish();

  // For shutdown(): whether the socket was adopted, and is now kept open by its adopter. The caller shuts it down in
  // our direction.
  static bool Keep(int fd);

 private:
  // Takes `fd` over. False when no thread can be started for it: then it stays the caller's.
  bool Add(int fd);
  void CloseThoseThatEnd();
  // Throws away what has come. False at the end.
  static bool Discard(int fd);

  const int poll_fd_;
  const int wake_fd_;
  std::mutex mutex_;
  bool finishing_ = false;                           // These three under mutex_.
  std::unordered_map<int, absl::Time> kept_;         // Until when.
  std::deque<std::pair<absl::Time, int>> expiries_;  // In their order; some sockets are closed by then.
  std::thread thread_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_NET_LINGERING_CLOSE_H_
