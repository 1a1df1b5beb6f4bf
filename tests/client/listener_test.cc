#include "client/listener.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// The path of a unix socket has little room: tests use names in their own directory.
class ListenerTest : public testing::Test {
 protected:
  ListenerTest() { EXPECT_EQ(chdir(testing::TempDir().c_str()), 0); }
  ~ListenerTest() override { unlink("socket"); }
};

bool CanConnectTo(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0;
  close(fd);
  return connected;
}

bool Exists(const char* path) {
  struct stat file {};
  return lstat(path, &file) == 0;
}

TEST_F(ListenerTest, PortZeroTakesAFreePortAndTellsIt) {
  const absl::StatusOr<Listener> listener = Listener::Listen("127.0.0.1:0");
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_THAT(listener->address(), StartsWith("127.0.0.1:"));
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(listener->address().substr(10), &port));
  EXPECT_GT(port, 0);
}

TEST_F(ListenerTest, APortInUseIsAnErrorThatNamesIt) {
  const absl::StatusOr<Listener> first = Listener::Listen("127.0.0.1:0");
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::StatusOr<Listener> second = Listener::Listen(first->address());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(second.status().message(), "--listen=" + first->address() + ": cannot bind: Address already in use");
}

TEST_F(ListenerTest, RefusesWhatIsNoAddress) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "must be HOST:PORT or unix:PATH"},
      {"localhost", "must be HOST:PORT or unix:PATH"},
      {"127.0.0.1:", "the port must be from 0 to 65535"},
      {"127.0.0.1:http", "the port must be from 0 to 65535"},
      {"127.0.0.1:65536", "the port must be from 0 to 65535"},
      {"127.0.0.1:-1", "the port must be from 0 to 65535"},
      {":50051", "the host is missing; 0.0.0.0 takes calls from everywhere"},
      {"::1:50051", "an IPv6 address stands in brackets"},
      {"[::1:50051", "the bracket is not closed"},
      {"unix:", "the path must have from 1 to 107 characters"},
  };
  for (const auto& [address, why] : cases) {
    const absl::Status status = Listener::Listen(address).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_EQ(status.message(), "--listen=" + std::string(address) + ": " + why);
  }
  EXPECT_EQ(Listener::Listen("unix:" + std::string(108, 'x')).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ListenerTest, SaysWhyAnAddressCannotBeTaken) {
  for (const auto& [address, why] : {std::pair("host.invalid:1", "--listen=host.invalid:1: "),
                                     std::pair("unix:no/such/directory", "cannot bind: No such file or directory"),
                                     std::pair("192.0.2.1:0", "cannot bind: Cannot assign requested address")}) {
    const absl::Status status = Listener::Listen(address).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << address;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
  }
}

TEST_F(ListenerTest, TheFileOfAUnixSocketGoesWithIt) {
  {
    const absl::StatusOr<Listener> listener = Listener::Listen("unix:socket");
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_EQ(listener->address(), "unix:socket");
    EXPECT_TRUE(CanConnectTo("socket"));
  }
  EXPECT_FALSE(Exists("socket"));
}

TEST_F(ListenerTest, ReplacesAUnixSocketThatNobodyAnswersOn) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strcpy(name.sun_path, "socket");
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
  close(fd);
  ASSERT_TRUE(Exists("socket")) << "left behind, as by a server that died";
  const absl::StatusOr<Listener> listener = Listener::Listen("unix:socket");
  EXPECT_TRUE(listener.ok()) << listener.status();
  EXPECT_TRUE(CanConnectTo("socket"));
}

TEST_F(ListenerTest, LeavesAUnixSocketThatIsServedAlone) {
  const absl::StatusOr<Listener> first = Listener::Listen("unix:socket");
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::Status status = Listener::Listen("unix:socket").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "--listen=unix:socket: cannot bind: Address already in use");
  EXPECT_TRUE(CanConnectTo("socket"));
}

TEST_F(ListenerTest, LeavesAFileOfAnotherKindAlone) {
  std::ofstream("socket") << "precious";
  EXPECT_EQ(Listener::Listen("unix:socket").status().code(), absl::StatusCode::kUnavailable);
  std::string text;
  std::ifstream("socket") >> text;
  EXPECT_EQ(text, "precious");
}

TEST_F(ListenerTest, RefusesConnectionsOnceClosed) {
  absl::StatusOr<Listener> listener = Listener::Listen("unix:socket");
  ASSERT_TRUE(listener.ok()) << listener.status();
  listener->Close();
  listener->Close();
  EXPECT_FALSE(CanConnectTo("socket"));
  EXPECT_TRUE(Listener::Listen("unix:socket").ok()) << "the address is free again";
}

}  // namespace
}  // namespace meanwhile
