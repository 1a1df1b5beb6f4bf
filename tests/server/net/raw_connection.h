// RawConnection: a TCP connection to a server, without gRPC on this side: for clients that do not keep to the rules.
//
// What it waits for it waits for with patience, and fails the test then. Thread: a test's.

#ifndef MEANWHILE_TESTS_SERVER_NET_RAW_CONNECTION_H_
#define MEANWHILE_TESTS_SERVER_NET_RAW_CONNECTION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace meanwhile {

// An HTTP/2 frame (RFC 9113, section 4.1).
struct Http2Frame {
  enum Type : std::uint8_t { kHeaders = 1, kSettings = 4, kPing = 6, kGoaway = 7 };
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload = {};
};
inline constexpr std::uint8_t kAck = 1;         // Of SETTINGS and PING.
inline constexpr std::uint8_t kEndHeaders = 4;  // Of HEADERS.

// What a client says first.
inline constexpr absl::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

class RawConnection {
 public:
  // To `127.0.0.1:PORT`, from an address of the loopback.
  explicit RawConnection(const std::string& target, const char* from = "127.0.0.1");
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;
  ~RawConnection();

  int fd() const { return fd_; }

  // False when the other side has closed.
  bool Send(absl::string_view bytes) const;
  bool Send(const Http2Frame& frame) const;
  // The preface and empty settings: what makes it an HTTP/2 connection.
  void SendHello() const;

  // The next frame; none when the other side has closed.
  std::optional<Http2Frame> ReadFrame() const;
  // Reads until the other side has closed.
  void ReadToEnd() const;

 private:
  // As many bytes, or none.
  std::optional<std::string> Read(std::size_t size) const;

  int fd_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_SERVER_NET_RAW_CONNECTION_H_
