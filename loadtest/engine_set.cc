#include "loadtest/engine_set.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/channel_pool.h"
#include "loadtest/grpc_engine.h"
#include "loadtest/http2/endpoint.h"
#include "loadtest/http2/http2_engine.h"
#include "loadtest/http2/tls.h"

namespace meanwhile {
namespace {

class GrpcEngines final : public EngineSet {
 public:
  explicit GrpcEngines(const EngineSetOptions& options)
      : pool_({.target = options.target, .connections = options.connections, .credentials = options.credentials}) {
    for (std::size_t i = 0; i < options.engines; ++i) {
      GrpcEngineOptions engine;
      // Each connection belongs to one engine where there are enough of them.
      for (std::size_t c = i % pool_.size(); c < pool_.size(); c += options.engines) {
        engine.channels.push_back(pool_.channel(c));
      }
      connections_.push_back(engine.channels.size());
      engine.slots = PartOf(options.slots, options.engines, i);
      engine.plan = options.plan;
      engine.number = i;
      engine.call = options.call;
      engine.timeout = options.timeout;
      engines_.push_back(MakeGrpcEngine(engine));
    }
  }

  absl::Status Connect(absl::Duration timeout) { return pool_.Connect(timeout); }

  std::size_t size() const override { return engines_.size(); }
  Engine& engine(std::size_t i) override { return *engines_[i]; }
  std::size_t connections() const override { return pool_.size(); }
  std::size_t connections_of(std::size_t i) const override { return connections_[i]; }
  std::size_t connected() const override { return pool_.connected(); }

 private:
  ChannelPool pool_;
  std::vector<std::size_t> connections_;  // Of each engine.
  std::vector<std::unique_ptr<Engine>> engines_;
};

class Http2Engines final : public EngineSet {
 public:
  // `tls` is null for plaintext.
  Http2Engines(const EngineSetOptions& options, const http2::Endpoint& endpoint,
               const std::shared_ptr<const http2::TlsContext>& tls)
      : connections_(options.connections) {
    const std::size_t engines = std::min(options.engines, options.connections);
    for (std::size_t i = 0; i < engines; ++i) {
      http2::Http2EngineOptions engine;
      engine.targets = {{endpoint, tls}};
      engine.connections = PartOf(options.connections, engines, i);
      engine.slots = PartOf(options.slots, engines, i);
      engine.plan = options.plan;
      engine.number = i;
      engine.call = options.call;
      engine.authority = options.credentials.authority;
      engine.timeout = options.timeout;
      engines_.push_back(http2::MakeHttp2Engine(engine));
    }
  }

  absl::Status Connect(const std::string& target, absl::Duration timeout) {
    const LoadTime deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
    for (const std::unique_ptr<http2::Http2Engine>& engine : engines_) {
      if (engine->Connect(deadline)) continue;
      return absl::UnavailableError(
          absl::StrCat("cannot connect to ", target, " within ", absl::FormatDuration(timeout)));
    }
    return absl::OkStatus();
  }

  std::size_t size() const override { return engines_.size(); }
  Engine& engine(std::size_t i) override { return *engines_[i]; }
  std::size_t connections() const override { return connections_; }
  std::size_t connections_of(std::size_t i) const override { return PartOf(connections_, size(), i); }
  std::size_t connected() const override {
    std::size_t connected = 0;
    for (const std::unique_ptr<http2::Http2Engine>& engine : engines_) connected += engine->connected();
    return connected;
  }

 private:
  const std::size_t connections_;
  std::vector<std::unique_ptr<http2::Http2Engine>> engines_;
};

// Null for plaintext.
absl::StatusOr<std::shared_ptr<const http2::TlsContext>> TlsOf(const Credentials& credentials,
                                                               const http2::Endpoint& endpoint) {
  if (credentials.channel == nullptr) return nullptr;
  const std::string& name = credentials.authority;
  return http2::TlsContext::Make({.cacert = credentials.files.cacert,
                                  .cert = credentials.files.cert,
                                  .key = credentials.files.key,
                                  .server_name = name.empty() ? endpoint.host : name.substr(0, name.rfind(':'))});
}

}  // namespace

absl::string_view NameOf(EngineKind kind) { return kind == EngineKind::kHttp2 ? "http2" : "grpc"; }

absl::StatusOr<EngineKind> ParseEngineKind(absl::string_view name) {
  for (const EngineKind kind : {EngineKind::kHttp2, EngineKind::kGrpc}) {
    if (name == NameOf(kind)) return kind;
  }
  return absl::InvalidArgumentError("must be http2 or grpc");
}

absl::StatusOr<std::unique_ptr<EngineSet>> ConnectEngines(const EngineSetOptions& options, absl::Duration timeout) {
  if (options.kind == EngineKind::kGrpc) {
    auto engines = std::make_unique<GrpcEngines>(options);
    if (absl::Status status = engines->Connect(timeout); !status.ok()) return status;
    return engines;
  }
  const absl::StatusOr<http2::Endpoint> endpoint = http2::ResolveEndpoint(options.target);
  if (!endpoint.ok()) return endpoint.status();
  const auto tls = TlsOf(options.credentials, *endpoint);
  if (!tls.ok()) return tls.status();
  auto engines = std::make_unique<Http2Engines>(options, *endpoint, *tls);
  if (absl::Status status = engines->Connect(options.target, timeout); !status.ok()) return status;
  return engines;
}

}  // namespace meanwhile
