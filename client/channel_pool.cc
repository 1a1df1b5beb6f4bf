#include "client/channel_pool.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

grpc::ChannelArguments ArgumentsOf(const ChannelPoolOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // A server that is just starting is found soon after it listens.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetMaxReceiveMessageSize(options.max_message_bytes);
  arguments.SetMaxSendMessageSize(options.max_message_bytes);
  if (absl::StartsWith(options.target, "dns:///")) arguments.SetLoadBalancingPolicyName("round_robin");
  if (const std::string& name = options.credentials.authority; !name.empty()) {
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, name);
  }
  return arguments;
}

}  // namespace

absl::Status CheckTarget(absl::string_view target) {
  if (absl::StartsWith(target, "unix:") && target.size() > 5) return absl::OkStatus();
  const std::size_t colon = target.rfind(':');
  int port = 0;
  if (colon != absl::string_view::npos && colon > 0 && absl::SimpleAtoi(target.substr(colon + 1), &port) && port > 0 &&
      port <= 65535) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("target ", target, ": must be HOST:PORT or unix:PATH"));
}

ChannelPool::ChannelPool(const ChannelPoolOptions& options)
    : target_(options.target), over_tls_(options.credentials.channel != nullptr) {
  const grpc::ChannelArguments arguments = ArgumentsOf(options);
  const std::shared_ptr<grpc::ChannelCredentials>& tls = options.credentials.channel;
  const auto credentials = tls == nullptr ? grpc::InsecureChannelCredentials() : tls;
  for (std::size_t i = 0; i < options.connections; ++i) {
    channels_.push_back(grpc::CreateCustomChannel(target_, credentials, arguments));
  }
}

absl::Status ChannelPool::Connect(absl::Duration timeout) {
  for (const std::shared_ptr<grpc::Channel>& channel : channels_) channel->GetState(/*try_to_connect=*/true);
  const auto deadline = absl::ToChronoTime(absl::Now() + timeout);
  const bool connected = std::all_of(channels_.begin(), channels_.end(),
                                     [&](const auto& channel) { return channel->WaitForConnected(deadline); });
  if (connected) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot connect to ", target_, over_tls_ ? " over TLS" : "", " within ",
                                             absl::FormatDuration(timeout)));
}

std::size_t ChannelPool::connected() const {
  return static_cast<std::size_t>(std::count_if(channels_.begin(), channels_.end(), [](const auto& channel) {
    return channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
  }));
}

}  // namespace meanwhile
