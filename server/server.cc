#include "server/server.h"

#include <grpc/grpc.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/server_builder.h>

#include <utility>
#include <vector>

namespace meanwhile {
namespace {

// Takes every plugin out of a server. The reflection library adds its plugin to each server of a program that is linked
// with it; this is how a server does without.
class WithoutPlugins final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments* /*arguments*/) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override { plugins->clear(); }
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, CallSink* sink) {
  absl::StatusOr<Listener> listener = Listener::Listen(options.listen);
  if (!listener.ok()) return listener.status();
  absl::StatusOr<std::unique_ptr<Backend>> backend = Backend::Open(options);
  if (!backend.ok()) return backend.status();
  std::unique_ptr<Server> server(new Server(options, *std::move(listener), *std::move(backend)));
  if (absl::Status status = server->Observe(); !status.ok()) return status;
  if (sink != nullptr) server->stats_.AddSink(sink);
  if (absl::Status status = server->Serve(); !status.ok()) return status;
  return server;
}

Server::Server(const ServerOptions& options, Listener listener, std::unique_ptr<Backend> backend)
    : options_(options),
      listener_(std::move(listener)),
      rules_(options),
      backend_(std::move(backend)),
      stats_(ToString(options.model), ToString(options.backend), options.backend.latency.Mean()) {
  model_ = MakeModel(ModelParts{
      .options = &options_, .rules = &rules_, .backend = backend_.get(), .stats = &stats_, .health = &health_});
}

absl::Status Server::Observe() {
  const ObserveOptions& observe = options_.observe;
  if (observe.slow_call) stats_.AddSink(&slow_calls_.emplace(*observe.slow_call));
  if (observe.metrics.empty()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<Metrics>> metrics = Metrics::Listen(observe.metrics);
  if (!metrics.ok()) return metrics.status();
  metrics_ = *std::move(metrics);
  stats_.AddSink(metrics_->sink());
  return absl::OkStatus();
}

absl::Status Server::Serve() {
  grpc::ServerBuilder builder;
  if (!options_.reflection) builder.SetOption(std::make_unique<WithoutPlugins>());
  model_->Register(&builder);
  acceptor_ = std::make_unique<Acceptor>(&listener_, &builder);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) return absl::InternalError("gRPC could not start the server");
  stats_.Start();
  model_->Start();
  if (metrics_ != nullptr) {
    metrics_->Expose({.stats = &stats_,
                      .model = model_->Figures(),
                      .accepted = [this] { return acceptor_->accepted(); },
                      .failed = [this] { return acceptor_->failed(); }});
  }
  health_.SetServing(true);
  acceptor_->Start();
  return absl::OkStatus();
}

Server::~Server() {
  if (server_ != nullptr) Shutdown(absl::ZeroDuration());
}

void Server::Shutdown(absl::Duration grace) {
  if (std::exchange(shut_down_, true)) return;
  health_.SetServing(false);
  acceptor_->Stop();
  listener_.Close();
  health_.Stop();  // Watches would go on until the end of the grace.
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  if (metrics_ != nullptr) metrics_->Stop();  // It reads the model.
  model_->Stop();
}

void Server::CancelCalls() { grpc_server_cancel_all_calls(server_->c_server()); }

v1::GetServerStatsResponse Server::GetStats() const {
  v1::GetServerStatsResponse stats;
  stats_.Fill(&stats);
  return stats;
}

}  // namespace meanwhile
