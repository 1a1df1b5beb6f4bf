#include "client/channel_pool.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace meanwhile {
namespace {

// A call tells it at once, unless an attempt is under way.
constexpr absl::Duration kReasonPatience = absl::Milliseconds(200);

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

// Why a connection does not stand, as a call over it is told: `: Connection refused`. Empty when nobody knows.
std::string ReasonOf(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kReasonPatience));
  grpc::health::v1::HealthCheckResponse response;
  const grpc::Status status = grpc::health::v1::Health::NewStub(channel)->Check(&context, {}, &response);
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return "";
  // As in `failed to connect to all addresses; last error: UNKNOWN: ADDRESS: WHAT: Connection refused`.
  const std::string message = status.error_message();
  const std::size_t colon = message.rfind(": ");
  return absl::StrCat(": ", colon == std::string::npos ? message : message.substr(colon + 2));
}

}  // namespace

absl::Status CheckTarget(absl::string_view target) {
  if (absl::StartsWith(target, "unix:") && target.size() > 5) return absl::OkStatus();
  absl::string_view address = target;
  absl::ConsumePrefix(&address, "dns:///");
  const std::size_t colon = address.rfind(':');
  int port = 0;
  // A slash is of a URL, such as http://HOST:PORT.
  if (colon != absl::string_view::npos && colon > 0 && !absl::StrContains(address, '/') &&
      absl::SimpleAtoi(address.substr(colon + 1), &port) && port > 0 && port <= 65535) {
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
  const auto failed = std::find_if_not(channels_.begin(), channels_.end(),
                                       [&](const auto& channel) { return channel->WaitForConnected(deadline); });
  if (failed == channels_.end()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot connect to ", target_, over_tls_ ? " over TLS" : "", " within ",
                                             absl::FormatDuration(timeout), ReasonOf(*failed)));
}

std::size_t ChannelPool::connected() const {
  return static_cast<std::size_t>(std::count_if(channels_.begin(), channels_.end(), [](const auto& channel) {
    return channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
  }));
}

}  // namespace meanwhile
