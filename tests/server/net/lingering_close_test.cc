#include "server/net/lingering_close.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "tests/no_more_threads.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

// The two ends of a TCP connection.
class Connection {
 public:
  Connection() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener, 1), 0);
    EXPECT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
    client_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(client_, reinterpret_cast<sockaddr*>(&address), size), 0);
    server_ = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    EXPECT_GE(server_, 0);
    close(listener);
  }
  ~Connection() {
    CloseClient();
    if (server_ >= 0) close(server_);
  }

  int client() const { return client_; }
  int server() const { return server_; }

  // Sends as much as the kernel takes: more than it can pass on to a client that does not read.
  std::size_t FillByServer() const {
    const std::string piece(65536, 'x');
    std::size_t sent = 0;
    ssize_t size;
    while ((size = send(server_, piece.data(), piece.size(), MSG_DONTWAIT)) > 0) sent += static_cast<std::size_t>(size);
    EXPECT_EQ(errno, EAGAIN);
    return sent;
  }
  // As gRPC does.
  void CloseServer() {
    shutdown(server_, SHUT_RDWR);
    close(std::exchange(server_, -1));
  }
  void CloseClient() {
    if (client_ >= 0) close(std::exchange(client_, -1));
  }
  bool SendByClient() const { return send(client_, "ping", 4, MSG_NOSIGNAL) == 4; }
  // How much the client reads until the end; `error` says how it ends.
  std::size_t ReadByClient(int* error) const {
    std::array<char, 65536> buffer;
    std::size_t read = 0;
    ssize_t size;
    while ((size = recv(client_, buffer.data(), buffer.size(), 0)) > 0) read += static_cast<std::size_t>(size);
    *error = size == 0 ? 0 : errno;
    return read;
  }

 private:
  int client_ = -1;
  int server_ = -1;
};

TEST(LingeringCloseTest, AClientThatStillSendsReadsAllThatWasSentToIt) {
  LingeringClose closing;
  Connection connection;
  closing.Adopt(connection.server());
  ASSERT_TRUE(connection.SendByClient());  // What gRPC has not read is no reason for a reset, either.
  const std::size_t sent = connection.FillByServer();
  connection.CloseServer();
  EXPECT_TRUE(connection.SendByClient());
  int error = 0;
  EXPECT_EQ(connection.ReadByClient(&error), sent);
  EXPECT_EQ(error, 0);
}

TEST(LingeringCloseTest, ASocketThatWasNotAdoptedIsShutDownInBothDirections) {
  LingeringClose closing;
  Connection connection;
  const std::size_t sent = connection.FillByServer();
  connection.CloseServer();
  EXPECT_TRUE(connection.SendByClient());
  int error = 0;
  EXPECT_LT(connection.ReadByClient(&error), sent);
  EXPECT_EQ(error, ECONNRESET);
}

TEST(LingeringCloseTest, FinishWaitsForAClientNoLongerThanItsTime) {
  LingeringClose closing;
  Connection connection;
  closing.Adopt(connection.server());
  const absl::Time begin = absl::Now();
  connection.CloseServer();
  closing.Finish();
  EXPECT_GE(absl::Now() - begin, LingeringClose::kLongest);
  int error = 0;
  EXPECT_EQ(connection.ReadByClient(&error), 0u);
  EXPECT_TRUE(WaitUntil([&] { return !connection.SendByClient(); })) << "the server's socket is not closed";
}

TEST(LingeringCloseTest, AConnectionThatTheClientHasClosedIsNotKept) {
  LingeringClose closing;
  Connection connection;
  closing.Adopt(connection.server());
  connection.CloseClient();
  char end;
  EXPECT_EQ(recv(connection.server(), &end, 1, 0), 0);
  EXPECT_FALSE(LingeringClose::Keep(connection.server()));
}

TEST(LingeringCloseTest, ASocketIsNotKeptWhereNoThreadCanBeStartedForIt) {
  LingeringClose closing;
  Connection first, second;
  closing.Adopt(first.server());
  closing.Adopt(second.server());
  {
    const NoMoreThreads no_more;
    EXPECT_FALSE(LingeringClose::Keep(first.server()));
  }
  first.CloseServer();
  int error = 0;
  EXPECT_EQ(first.ReadByClient(&error), 0u);
  EXPECT_TRUE(LingeringClose::Keep(second.server()));
  second.CloseClient();
}

TEST(LingeringCloseTest, ASocketIsKeptOnceAndOnlyByWhoIsStillThere) {
  Connection first, second;
  {
    LingeringClose closing;
    closing.Adopt(first.server());
    closing.Adopt(second.server());
    EXPECT_TRUE(LingeringClose::Keep(first.server()));
    EXPECT_FALSE(LingeringClose::Keep(first.server()));
    first.CloseClient();
  }
  EXPECT_FALSE(LingeringClose::Keep(second.server()));
}

TEST(LingeringCloseTest, KeepsManyAndClosesEachWhenItsClientDoes) {
  constexpr int kConnections = 200;
  LingeringClose closing;
  std::array<Connection, kConnections> connections;
  for (Connection& connection : connections) {
    closing.Adopt(connection.server());
    connection.CloseServer();
  }
  for (Connection& connection : connections) {
    connection.SendByClient();
    connection.CloseClient();
  }
  closing.Finish();
  closing.Finish();
}

}  // namespace
}  // namespace meanwhile
