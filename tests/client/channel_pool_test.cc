#include "client/channel_pool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iomanip>
#include <sstream>
#include <string>

#include "absl/time/clock.h"
#include "tests/client/test_server.h"

namespace meanwhile {
namespace {

// How many sockets are connected to `port` of 127.0.0.1, as the kernel counts them; gRPC's are IPv6 sockets with mapped
// addresses.
int ConnectionsTo(const std::string& port) {
  std::ostringstream wanted;
  wanted << "0100007F:" << std::uppercase << std::hex << std::setw(4) << std::setfill('0') << std::stoi(port);
  int connections = 0;
  for (const char* path : {"/proc/self/net/tcp", "/proc/self/net/tcp6"}) {
    std::ifstream table(path);
    for (std::string line; std::getline(table, line);) {
      std::istringstream fields(line);
      std::string slot, local, remote, state;
      fields >> slot >> local >> remote >> state;
      if (remote.ends_with(wanted.str()) && state == "01") ++connections;  // ESTABLISHED
    }
  }
  return connections;
}

TEST(ChannelPoolTest, MakesEachConnectionASocketOfItsOwn) {
  TestServer server;
  ChannelPool pool({.target = server.target(), .connections = 20});
  ASSERT_TRUE(pool.Connect(absl::Seconds(10)).ok());
  EXPECT_EQ(pool.size(), 20u);
  EXPECT_EQ(ConnectionsTo(server.target().substr(server.target().rfind(':') + 1)), 20);
}

TEST(ChannelPoolTest, ConnectsToAUnixSocket) {
  // A socket's path has at most 107 characters, which the test's own directory may exceed.
  TestServer server("unix:/tmp/channel_pool_test." + std::to_string(getpid()));
  ChannelPool pool({.target = server.target()});
  const absl::Status status = pool.Connect(absl::Seconds(10));
  EXPECT_TRUE(status.ok()) << status;
}

TEST(ChannelPoolTest, TellsWhichTargetCouldNotBeReachedInWhichTime) {
  ChannelPool pool({.target = "unix:/nobody/listens/here", .connections = 3});
  const absl::Time start = absl::Now();
  const absl::Status status = pool.Connect(absl::Milliseconds(150));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "cannot connect to unix:/nobody/listens/here within 150ms: No such file or directory");
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(149));
}

TEST(ChannelPoolTest, KnowsWhatATargetLooksLike) {
  for (const char* target :
       {"localhost:1", "127.0.0.1:65535", "[::1]:50051", "a.example.org:443", "unix:/tmp/s", "dns:///localhost:1"}) {
    EXPECT_TRUE(CheckTarget(target).ok()) << target;
  }
  for (const char* target : {"", "localhost", ":50051", "localhost:", "localhost:0", "localhost:65536", "h:p",
                             "unix:", "http://localhost:1", "localhost:1/", "dns:///localhost", "dns:///:1"}) {
    EXPECT_EQ(CheckTarget(target).message(), "target " + std::string(target) + ": must be HOST:PORT or unix:PATH");
  }
}

}  // namespace
}  // namespace meanwhile
