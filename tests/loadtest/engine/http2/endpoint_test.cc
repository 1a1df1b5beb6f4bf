#include "loadtest/engine/http2/endpoint.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <string>

namespace meanwhile::http2 {
namespace {

TEST(EndpointTest, FindsAnAddressAndAPort) {
  const absl::StatusOr<Endpoint> endpoint = ResolveEndpoint("127.0.0.1:50051");
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_EQ(endpoint->authority, "127.0.0.1:50051");
  EXPECT_EQ(endpoint->host, "127.0.0.1");
  ASSERT_EQ(endpoint->addresses.size(), 1u);
  const auto& address = reinterpret_cast<const sockaddr_in&>(endpoint->addresses[0].storage);
  EXPECT_EQ(address.sin_family, AF_INET);
  EXPECT_EQ(ntohl(address.sin_addr.s_addr), INADDR_LOOPBACK);
  EXPECT_EQ(ntohs(address.sin_port), 50051);
}

TEST(EndpointTest, TakesAnAddressOfIpv6OutOfItsBrackets) {
  const absl::StatusOr<Endpoint> endpoint = ResolveEndpoint("[::1]:80");
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_EQ(endpoint->host, "::1");
  EXPECT_EQ(endpoint->authority, "[::1]:80");
  EXPECT_EQ(endpoint->addresses.at(0).storage.ss_family, AF_INET6);
}

TEST(EndpointTest, TakesASocketOfTheFileSystem) {
  const absl::StatusOr<Endpoint> endpoint = ResolveEndpoint("unix:/tmp/socket");
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_EQ(endpoint->authority, "localhost");
  EXPECT_STREQ(reinterpret_cast<const sockaddr_un&>(endpoint->addresses.at(0).storage).sun_path, "/tmp/socket");
}

TEST(EndpointTest, TellsTheHostOfAnAuthority) {
  EXPECT_EQ(HostOf("service.test"), "service.test");
  EXPECT_EQ(HostOf("service.test:443"), "service.test");
  EXPECT_EQ(HostOf("[::1]:443"), "::1");
  EXPECT_EQ(HostOf("[::1]"), "::1");
  EXPECT_EQ(HostOf("fe80::1"), "fe80::1") << "a bare address has no port";
}

TEST(EndpointTest, SpreadsConnectionsOverTheAddressesOfAName) {
  absl::StatusOr<Endpoint> endpoint = ResolveEndpoint("dns:///127.0.0.1:80");
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_EQ(endpoint->authority, "127.0.0.1:80");
  EXPECT_EQ(endpoint->host, "127.0.0.1");
  const Endpoint other = *ResolveEndpoint("127.0.0.2:80");
  endpoint->addresses.push_back(other.addresses[0]);
  const std::vector<Endpoint> spread = SpreadOver(*endpoint);
  ASSERT_EQ(spread.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_EQ(spread[i].addresses.size(), 2u) << "the others are still tried when the first refuses";
    const auto& first = reinterpret_cast<const sockaddr_in&>(spread[i].addresses[0].storage);
    EXPECT_EQ(ntohl(first.sin_addr.s_addr), INADDR_LOOPBACK + i);
  }
  endpoint->target = "127.0.0.1:80";
  EXPECT_EQ(SpreadOver(*endpoint).size(), 1u);
}

TEST(EndpointTest, SaysWhatIsWrong) {
  EXPECT_EQ(ResolveEndpoint("localhost").status(),
            absl::InvalidArgumentError("target localhost: must be HOST:PORT or unix:PATH"));
  EXPECT_EQ(ResolveEndpoint("unix:").status(),
            absl::InvalidArgumentError("target unix:: the path must have from 1 to 107 bytes"));
  EXPECT_EQ(ResolveEndpoint("unix:" + std::string(108, 'x')).status().code(), absl::StatusCode::kInvalidArgument);
  const absl::Status unknown = ResolveEndpoint("no such host:1").status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(unknown.message().substr(0, 30), "cannot resolve no such host:1:");
}

}  // namespace
}  // namespace meanwhile::http2
