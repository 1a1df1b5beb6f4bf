// ChannelPool: N channels to one target that are N connections, each a socket of its own.
//
// One connection is one serial lock in gRPC and is served by one of the server's completion queues, so load needs
// several. gRPC lets channels with equal targets and arguments share a socket; here each channel has its own subchannel
// pool, which prevents that.
//
// What would blur a measurement is off: retries, proxies from the environment, service configs from DNS.
//
// Ownership: the pool shares each channel with the stubs made from it. Thread: any, once created.

#ifndef MEANWHILE_CLIENT_CHANNEL_POOL_H_
#define MEANWHILE_CLIENT_CHANNEL_POOL_H_

#include <grpcpp/channel.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/credentials.h"

namespace meanwhile {

struct ChannelPoolOptions {
  // `HOST:PORT`, `[ADDRESS]:PORT` for IPv6, `unix:PATH`, or `dns:///HOST:PORT`: each connection is then one to every
  // address of the host, and its calls go to these in turn.
  std::string target;
  // From 1 on.
  std::size_t connections = 1;
  // The largest message sent or received, in bytes.
  int max_message_bytes = 4 << 20;
  // Plaintext by default.
  Credentials credentials = {};
};

// Whether `target` has one of the forms above. The error names it.
absl::Status CheckTarget(absl::string_view target);

class ChannelPool {
 public:
  // Opens no connection yet: the first call on a channel does, or Connect.
  explicit ChannelPool(const ChannelPoolOptions& options);

  // Opens all connections and blocks until they stand, trying again while the target refuses. UNAVAILABLE when they do
  // not stand in time: the message names the target, the time and, where gRPC tells it, what is wrong.
  absl::Status Connect(absl::Duration timeout);

  std::size_t size() const { return channels_.size(); }
  // How many of them are connected now.
  std::size_t connected() const;
  const std::shared_ptr<grpc::Channel>& channel(std::size_t i) const { return channels_[i]; }

 private:
  std::string target_;
  bool over_tls_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_CHANNEL_POOL_H_
