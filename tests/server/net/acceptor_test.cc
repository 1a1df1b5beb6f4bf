#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "client/channel_pool.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/server/server_process.h"

namespace meanwhile {
namespace {

using testing::ContainsRegex;
using testing::StartsWith;

int ConnectTo(const std::string& target) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(target.substr(target.rfind(':') + 1), &port));
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

// On a connection of its own, which is closed afterwards.
grpc::Status Fetch(const std::string& target) {
  ChannelPool channels({.target = target});
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
  v1::FetchResponse response;
  return v1::Meanwhile::NewStub(channels.channel(0))->Fetch(&context, {}, &response);
}

// CVE-2023-4785: gRPC's own listener would never take a connection again.
TEST(AcceptorTest, ServesAgainAfterTheDescriptorsWereUsedUp) {
  for (const char* model : {"--model=async", "--model=thread"}) {
    ServerProcess server({model, "--backend=constant:1ms"}, {"prlimit", "--nofile=64", "--"});
    std::vector<int> connections;
    for (int i = 0; i < 120; ++i) connections.push_back(ConnectTo(server.target()));
    EXPECT_THAT(server.ReadErrorLine().value_or(""),
                StartsWith("cannot take a connection, trying again: Too many open files"));
    for (const int fd : connections) close(fd);

    const grpc::Status status = Fetch(server.target());
    EXPECT_TRUE(status.ok()) << status.error_message();
    server.Signal(SIGTERM);
    EXPECT_EQ(server.Wait(), 0) << server.err();
    EXPECT_THAT(server.err(), ContainsRegex(" connections taken, [0-9]+ tries failed\n$"));
  }
}

}  // namespace
}  // namespace meanwhile
