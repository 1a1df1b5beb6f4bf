#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "client/channel_pool.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/server/net/raw_connection.h"
#include "tests/server/server_process.h"

namespace meanwhile {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;
using testing::StartsWith;

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
    std::vector<std::unique_ptr<RawConnection>> connections;
    for (int i = 0; i < 120; ++i) connections.push_back(std::make_unique<RawConnection>(server.target()));
    EXPECT_THAT(server.ReadErrorLine().value_or(""),
                StartsWith("cannot take a connection, trying again: Too many open files"));
    connections.clear();

    const grpc::Status status = Fetch(server.target());
    EXPECT_TRUE(status.ok()) << status.error_message();
    server.Signal(SIGTERM);
    EXPECT_EQ(server.Wait(), 0) << server.err();
    EXPECT_THAT(server.err(), ContainsRegex(" connections taken, [0-9]+ tries failed\n$"));
  }
}

TEST(AcceptorTest, TellsOnceThatItRefusesConnectionsAndInTheEndHowManyItHasRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"--max-connections=2", "refused a connection: 2 are open, --max-connections"},
      {"--max-connections-per-peer=2", "refused a connection: 2 of its peer are open, --max-connections-per-peer"}};
  for (const auto& [flag, said] : cases) {
    ServerProcess server({flag, "--handshake-timeout=10m"});
    const RawConnection first(server.target());
    const RawConnection second(server.target());
    for (int i = 0; i < 3; ++i) RawConnection(server.target()).ReadToEnd();
    server.Signal(SIGTERM);
    EXPECT_EQ(server.Wait(), 0) << server.err();
    const std::vector<std::string> lines = absl::StrSplit(server.err(), '\n', absl::SkipEmpty());
    EXPECT_EQ(std::count(lines.begin(), lines.end(), said), 1) << server.err();
    EXPECT_THAT(lines.back(), EndsWith(", 2 connections, 3 refused"));
  }
}

}  // namespace
}  // namespace meanwhile
