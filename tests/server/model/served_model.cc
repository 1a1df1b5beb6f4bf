#include "tests/server/model/served_model.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/server/raw_call.h"

namespace meanwhile {
namespace {

std::string FullName(const std::string& method) {
  return method.find('.') == std::string::npos ? absl::StrCat("meanwhile.v1.Meanwhile.", method) : method;
}

ServerOptions WithBackend(ServerOptions options, const std::string& backend) {
  options.backend = *ParseBackendSpec(backend);
  return options;
}

}  // namespace

ServerOptions ServedModel::SmallServer(ModelKind model) {
  const std::size_t pool_threads = model == ModelKind::kPool ? 16 : 1;
  return WithBackend({.model = model, .listen = "127.0.0.1:0", .armed = 8, .pool_threads = pool_threads},
                     "constant:1ms");
}

ServedModel::ServedModel(const ServerOptions& options, CallSink* sink) {
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options, sink);
  EXPECT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  channels_ = std::make_unique<ChannelPool>(ChannelPoolOptions{.target = server_->address()});
}

ServedModel::ServedModel(ModelKind model, const std::string& backend)
    : ServedModel(WithBackend(SmallServer(model), backend)) {}

std::string ServedModel::Call(const std::string& method, const std::string& request, absl::Duration timeout) {
  return CallBytes(method, Serialized(FullName(method), request), timeout);
}

std::string ServedModel::CallBytes(const std::string& method, const std::string& bytes, absl::Duration timeout) {
  return CallRaw(channels_->channel(0), FullName(method), bytes, timeout);
}

bool ServedModel::HasFinished(const std::string& status, std::uint64_t count) {
  return WaitUntil([&] {
    const v1::GetServerStatsResponse stats = server_->GetStats();
    const auto found = stats.finished().find(status);
    return found != stats.finished().end() && found->second == count;
  });
}

bool ServedModel::HasInFlight(std::uint64_t count) {
  return WaitUntil([&] { return server_->GetStats().in_flight() == count; });
}

}  // namespace meanwhile
