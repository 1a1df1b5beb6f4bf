#include "server/server.h"

#include <grpc/grpc.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/server_builder.h>

#include <utility>
#include <vector>

#include "server/net/limits.h"
#include "server/net/tls.h"

namespace meanwhile {
namespace {

// Takes the reflection library's plugin out of a server. The library adds it to each server of a program that is linked
// with it.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments* /*arguments*/) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) { return plugin->name() == "proto_server_reflection"; });
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, CallSink* sink) {
  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> credentials = MakeServerCredentials(options.tls);
  if (!credentials.ok()) return credentials.status();
  absl::StatusOr<Listener> listener = Listener::Listen(options.listen);
  if (!listener.ok()) return listener.status();
  absl::StatusOr<std::unique_ptr<Backend>> backend = Backend::Open(options);
  if (!backend.ok()) return backend.status();
  std::unique_ptr<Server> server(new Server(options, *std::move(listener), *std::move(backend)));
  if (absl::Status status = server->Observe(); !status.ok()) return status;
  if (sink != nullptr) server->stats_.AddSink(sink);
  if (absl::Status status = server->Serve(*std::move(credentials)); !status.ok()) return status;
  return server;
}

Server::Server(const ServerOptions& options, Listener listener, std::unique_ptr<Backend> backend)
    : options_(options),
      listener_(std::move(listener)),
      rules_(options),
      backend_(std::move(backend)),
      admission_(options.max_in_flight, absl::ToChronoNanoseconds(options.backend.latency.Mean())),
      stats_(ToString(options.model), ToString(options.backend), options.backend.latency.Mean()) {
  model_ = MakeModel(ModelParts{.options = &options_,
                                .rules = &rules_,
                                .backend = backend_.get(),
                                .admission = &admission_,
                                .stats = &stats_,
                                .health = &health_,
                                .in_flight = &in_flight_});
}

absl::Status Server::Observe() {
  const ObserveOptions& observe = options_.observe;
  if (observe.slow_call) stats_.AddSink(&slow_calls_.emplace(*observe.slow_call));
  if (!observe.trace.empty()) {
    absl::StatusOr<std::unique_ptr<CallTrace>> trace = CallTrace::Open(observe.trace, observe.trace_calls);
    if (!trace.ok()) return trace.status();
    trace_ = *std::move(trace);
    stats_.AddSink(trace_.get());
  }
  if (observe.metrics.empty()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<Metrics>> metrics = Metrics::Listen(observe.metrics);
  if (!metrics.ok()) return metrics.status();
  metrics_ = *std::move(metrics);
  stats_.AddSink(metrics_->sink());
  return absl::OkStatus();
}

absl::Status Server::Serve(std::shared_ptr<grpc::ServerCredentials> credentials) {
  grpc::ServerBuilder builder;
  if (!options_.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  // gRPC keeps books for channelz unless it is told not to.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, options_.channelz ? 1 : 0);
  model_->Register(&builder);
  ApplyLimits(options_.limits, &builder);
  acceptor_ = std::make_unique<Acceptor>(&listener_, &closing_, options_.limits, std::move(credentials), &builder);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) return absl::InternalError("gRPC could not start the server");
  stats_.Start();
  model_->Start();
  if (metrics_ != nullptr) {
    metrics_->Expose({.stats = &stats_,
                      .model = model_->Figures(),
                      .open = [this] { return acceptor_->CountOpen(); },
                      .accepted = [this] { return acceptor_->accepted(); },
                      .failed = [this] { return acceptor_->failed(); },
                      .refused = [this] { return acceptor_->refused(); }});
  }
  health_.SetServing(true);
  acceptor_->Start();
  return absl::OkStatus();
}

Server::~Server() {
  if (server_ != nullptr) Shutdown(absl::ZeroDuration());
}

void Server::Drain() { health_.SetServing(false); }

void Server::Shutdown(absl::Duration grace) {
  if (std::exchange(shut_down_, true)) return;
  Drain();
  acceptor_->Stop();
  listener_.Close();
  health_.Stop();  // Watches would go on until the end of the grace.
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  if (metrics_ != nullptr) metrics_->Stop();  // It reads the model.
  model_->Stop();
  closing_.Finish();
}

absl::Status Server::WriteTrace() { return trace_ == nullptr ? absl::OkStatus() : trace_->Write(); }

void Server::CancelCalls() { grpc_server_cancel_all_calls(server_->c_server()); }

std::vector<async::InFlightCalls::Call> Server::CallsInFlight() const { return in_flight_.Look(); }

v1::GetServerStatsResponse Server::GetStats() const {
  v1::GetServerStatsResponse stats;
  stats_.Fill(&stats);
  return stats;
}

}  // namespace meanwhile
