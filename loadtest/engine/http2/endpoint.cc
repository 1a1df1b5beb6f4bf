#include "loadtest/engine/http2/endpoint.h"

#include <netdb.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace meanwhile::http2 {
namespace {

absl::StatusOr<Endpoint> UnixEndpoint(const std::string& target, absl::string_view path) {
  Endpoint endpoint{.target = target, .authority = "localhost", .host = "localhost", .addresses = {}};
  auto& address = reinterpret_cast<sockaddr_un&>(endpoint.addresses.emplace_back().storage);
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("target ", target, ": the path must have from 1 to ", sizeof(address.sun_path) - 1, " bytes"));
  }
  address.sun_family = AF_UNIX;
  std::copy_n(path.data(), path.size(), address.sun_path);
  endpoint.addresses.back().size = sizeof(address);
  return endpoint;
}

constexpr char kDns[] = "dns:///";

}  // namespace

std::string HostOf(absl::string_view authority) {
  if (absl::ConsumePrefix(&authority, "[")) return std::string(authority.substr(0, authority.find(']')));
  const std::size_t colon = authority.find(':');
  // A bare address of IPv6 has several colons and no port.
  const bool has_port = colon != absl::string_view::npos && authority.find(':', colon + 1) == absl::string_view::npos;
  return std::string(has_port ? authority.substr(0, colon) : authority);
}

std::vector<Endpoint> SpreadOver(const Endpoint& endpoint) {
  if (!absl::StartsWith(endpoint.target, kDns)) return {endpoint};
  std::vector<Endpoint> endpoints(endpoint.addresses.size(), endpoint);
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    std::vector<SocketAddress>& addresses = endpoints[i].addresses;
    std::rotate(addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(i), addresses.end());
  }
  return endpoints;
}

absl::StatusOr<Endpoint> ResolveEndpoint(const std::string& target) {
  absl::string_view rest = target;
  if (absl::ConsumePrefix(&rest, "unix:")) return UnixEndpoint(target, rest);

  absl::ConsumePrefix(&rest, kDns);
  const std::size_t colon = rest.rfind(':');
  if (colon == absl::string_view::npos || colon == 0) {
    return absl::InvalidArgumentError(absl::StrCat("target ", target, ": must be HOST:PORT or unix:PATH"));
  }
  absl::string_view host = rest.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  Endpoint endpoint{.target = target, .authority = std::string(rest), .host = std::string(host), .addresses = {}};

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(endpoint.host.c_str(), std::string(rest.substr(colon + 1)).c_str(), &hints, &found);
  if (error != 0) {
    return absl::UnavailableError(absl::StrCat("cannot resolve ", target, ": ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    SocketAddress& address = endpoint.addresses.emplace_back();
    std::copy_n(reinterpret_cast<const char*>(info->ai_addr), info->ai_addrlen,
                reinterpret_cast<char*>(&address.storage));
    address.size = info->ai_addrlen;
  }
  return endpoint;
}

}  // namespace meanwhile::http2
