#include "server/net/open_connections.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <optional>
#include <utility>

namespace meanwhile {
namespace {

// Looks take one part in so many of the time.
constexpr int kLookShare = 10;

// The inode of the socket that `fd` is; none if it is no socket, or nothing.
std::optional<ino_t> SocketOf(int fd) {
  struct stat file {};
  if (fstat(fd, &file) != 0 || !S_ISSOCK(file.st_mode)) return std::nullopt;
  return file.st_ino;
}

// Who the connection comes from, as bytes: 4 of an IPv4 address, the first 8 of an IPv6 address.
std::string PeerOf(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return "";
  if (name.ss_family == AF_INET) {
    const in_addr& address = reinterpret_cast<const sockaddr_in*>(&name)->sin_addr;
    return std::string(reinterpret_cast<const char*>(&address), sizeof(address));
  }
  if (name.ss_family != AF_INET6) return "";
  const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(&name)->sin6_addr;
  const std::string bytes(reinterpret_cast<const char*>(&address), sizeof(address));
  // An IPv4 peer of a socket that listens on both.
  return IN6_IS_ADDR_V4MAPPED(&address) ? bytes.substr(12) : bytes.substr(0, 8);
}

}  // namespace

OpenConnections::OpenConnections(std::size_t most, std::size_t most_per_peer)
    : most_(most), most_per_peer_(most_per_peer) {}

OpenConnections::Room OpenConnections::Add(int fd) {
  std::string peer = PeerOf(fd);
  const ino_t socket = SocketOf(fd).value_or(0);
  const absl::MutexLock lock(&mutex_);
  // Its number was given back, so the connection that had it is closed.
  if (const auto former = connections_.find(fd); former != connections_.end()) {
    ForgetPeer(former->second.peer);
    connections_.erase(former);
  }
  if (!HasRoom(peer)) {
    if (const auto now = std::chrono::steady_clock::now(); now >= next_look_) {
      ForgetClosed();
      const auto end = std::chrono::steady_clock::now();
      next_look_ = end + (kLookShare - 1) * (end - now);
    }
    if (connections_.size() >= most_) return Room::kNone;
    if (!HasRoom(peer)) return Room::kNoneForItsPeer;
  }
  if (!peer.empty()) ++peers_[peer];
  connections_.emplace(fd, Connection{.socket = socket, .peer = std::move(peer)});
  return Room::kThereIs;
}

std::size_t OpenConnections::Count() {
  const absl::MutexLock lock(&mutex_);
  ForgetClosed();
  return connections_.size();
}

bool OpenConnections::HasRoom(const std::string& peer) const {
  if (connections_.size() >= most_) return false;
  const auto found = peers_.find(peer);
  return found == peers_.end() || found->second < most_per_peer_;
}

void OpenConnections::ForgetClosed() {
  absl::erase_if(connections_, [this](const auto& entry) {
    const auto& [fd, connection] = entry;
    if (SocketOf(fd) == connection.socket) return false;
    mutex_.AssertHeld();
    ForgetPeer(connection.peer);
    return true;
  });
}

void OpenConnections::ForgetPeer(const std::string& peer) {
  const auto found = peers_.find(peer);
  if (found != peers_.end() && --found->second == 0) peers_.erase(found);
}

}  // namespace meanwhile
