#include "tests/server/net/raw_connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/numbers.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

sockaddr_in AddressOf(const char* host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  EXPECT_EQ(inet_pton(AF_INET, host, &address.sin_addr), 1) << host;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

// The lowest `bytes` bytes of `value`, the highest first.
std::string BigEndian(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

std::uint32_t BigEndian(absl::string_view text) {
  std::uint32_t value = 0;
  for (const char c : text) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

RawConnection::RawConnection(const std::string& target, const char* from)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval patience = absl::ToTimeval(kPatience);
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  const sockaddr_in own = AddressOf(from, 0);
  EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof(own)), 0) << std::strerror(errno);
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(target.substr(target.rfind(':') + 1), &port)) << target;
  const sockaddr_in other = AddressOf("127.0.0.1", port);
  EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&other), sizeof(other)), 0) << std::strerror(errno);
}

RawConnection::~RawConnection() { close(fd_); }

bool RawConnection::Send(absl::string_view bytes) const {
  return send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

bool RawConnection::Send(const Http2Frame& frame) const {
  return Send(BigEndian(static_cast<std::uint32_t>(frame.payload.size()), 3) + BigEndian(frame.type, 1) +
              BigEndian(frame.flags, 1) + BigEndian(frame.stream, 4) + frame.payload);
}

void RawConnection::SendHello() const {
  EXPECT_TRUE(Send(kHttp2Preface));
  EXPECT_TRUE(Send(Http2Frame{.type = Http2Frame::kSettings}));
}

std::optional<Http2Frame> RawConnection::ReadFrame() const {
  const std::optional<std::string> header = Read(9);
  if (!header) return std::nullopt;
  const std::optional<std::string> payload = Read(BigEndian(header->substr(0, 3)));
  if (!payload) return std::nullopt;
  return Http2Frame{.type = static_cast<std::uint8_t>((*header)[3]),
                    .flags = static_cast<std::uint8_t>((*header)[4]),
                    .stream = BigEndian(header->substr(5)),
                    .payload = *payload};
}

void RawConnection::ReadToEnd() const {
  while (Read(1)) {
  }
}

std::optional<std::string> RawConnection::Read(std::size_t size) const {
  std::string bytes(size, '\0');
  for (std::size_t got = 0; got < size;) {
    const ssize_t more = recv(fd_, bytes.data() + got, size - got, 0);
    if (more < 0 && errno == EINTR) continue;
    // A reset is an end, too.
    if (more < 0 && errno != ECONNRESET) ADD_FAILURE() << "waited for the server in vain: " << std::strerror(errno);
    if (more <= 0) return std::nullopt;
    got += static_cast<std::size_t>(more);
  }
  return bytes;
}

}  // namespace meanwhile
