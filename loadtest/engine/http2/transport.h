// Transport: the bytes of one connection, over a non-blocking socket, in the clear (here) or over TLS.
//
// Ownership: it owns its socket. Thread: one.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_TRANSPORT_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_TRANSPORT_H_

#include <sys/uio.h>

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "loadtest/engine/http2/endpoint.h"

namespace meanwhile::http2 {

class Transport {
 public:
  enum class Wait { kNothing, kReadable, kWritable };

  // `socket` is connecting or connected.
  explicit Transport(int socket) : socket_(socket) {}
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport();

  int socket() const { return socket_; }

  // Goes on with what must come before bytes can flow. Called at first and whenever what it waits for has come, until
  // it waits for nothing. An error ends the connection.
  virtual absl::StatusOr<Wait> Establish();

  // How many bytes were read into `buffer`; 0 when there are none at present. OUT_OF_RANGE when the peer has ended the
  // connection; other errors, too, end it.
  virtual absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size);
  // Whether Read may give more, or the end, without the socket's becoming readable.
  virtual bool has_read_ahead() const { return false; }

  // How many bytes of the pieces were written; less than all when the socket takes no more at present.
  virtual absl::StatusOr<std::size_t> Write(const iovec* pieces, std::size_t count);

 private:
  const int socket_;
};

// A socket that connects to `address`. The error names the system's reason.
absl::StatusOr<int> OpenSocket(const SocketAddress& address);

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_TRANSPORT_H_
