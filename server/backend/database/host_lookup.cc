#include "server/backend/database/host_lookup.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>

#include "absl/status/status.h"

namespace meanwhile {
namespace {

HostLookup::Addresses LookUpBlocking(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    const int reason = errno;
    return absl::UnavailableError(error == EAI_SYSTEM ? std::strerror(reason) : gai_strerror(error));
  }
  std::vector<std::string> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text;
    error = getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
    if (error == 0) addresses.emplace_back(text.data());
  }
  freeaddrinfo(found);
  if (addresses.empty()) return absl::UnavailableError(gai_strerror(error));
  return addresses;
}

}  // namespace

std::shared_ptr<HostLookup> HostLookup::Start(const std::string& host) {
  const int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_fd < 0) return nullptr;
  std::shared_ptr<HostLookup> lookup(new HostLookup(event_fd));
  try {
    std::thread([lookup, host] {
      lookup->addresses_ = LookUpBlocking(host);
      lookup->ended_.store(true, std::memory_order_release);
      eventfd_write(lookup->event_fd_, 1);
    }).detach();
  } catch (const std::system_error&) {
    return nullptr;
  }
  return lookup;
}

HostLookup::~HostLookup() { close(event_fd_); }

int HostLookup::NewDescriptor() const { return fcntl(event_fd_, F_DUPFD_CLOEXEC, 0); }

}  // namespace meanwhile
