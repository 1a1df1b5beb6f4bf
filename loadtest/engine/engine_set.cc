#include "loadtest/engine/engine_set.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/channel_pool.h"
#include "loadtest/engine/grpc_engine.h"
#include "loadtest/engine/http2/endpoint.h"
#include "loadtest/engine/http2/http2_engine.h"
#include "loadtest/engine/http2/tls.h"

namespace meanwhile {
namespace {

// Of the target with this name, which is added if it is not there: one that is given twice is told once.
TargetConnections& EntryOf(const std::string& target, std::vector<TargetConnections>* targets) {
  for (TargetConnections& entry : *targets) {
    if (entry.target == target) return entry;
  }
  return targets->emplace_back(TargetConnections{.target = target});
}

class GrpcEngines final : public EngineSet {
 public:
  explicit GrpcEngines(const EngineSetOptions& options)
      : size_(options.connections), targets_(TargetsOf(options.target)) {
    // A target more than there are connections gets none.
    const std::size_t pools = std::min(targets_.size(), size_);
    for (std::size_t i = 0; i < pools; ++i) {
      pools_.emplace_back(ChannelPoolOptions{
          .target = targets_[i], .connections = PartOf(size_, pools, i), .credentials = options.credentials});
    }
    for (std::size_t i = 0; i < options.engines; ++i) {
      GrpcEngineOptions engine;
      // Each connection belongs to one engine where there are enough of them.
      for (std::size_t c = i % size_; c < size_; c += options.engines) {
        engine.channels.push_back(pools_[c % pools].channel(c / pools));
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

  absl::Status Connect(absl::Duration timeout) {
    for (ChannelPool& pool : pools_) {
      if (absl::Status status = pool.Connect(timeout); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  std::size_t size() const override { return engines_.size(); }
  Engine& engine(std::size_t i) override { return *engines_[i]; }
  std::size_t connections() const override { return size_; }
  std::size_t connections_of(std::size_t i) const override { return connections_[i]; }
  std::vector<TargetConnections> targets() const override {
    std::vector<TargetConnections> targets;
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      TargetConnections& target = EntryOf(targets_[i], &targets);
      if (i >= pools_.size()) continue;
      target.opened += pools_[i].size();
      target.standing += pools_[i].connected();
    }
    return targets;
  }

 private:
  const std::size_t size_;  // Connections.
  const std::vector<std::string> targets_;
  std::deque<ChannelPool> pools_;         // One for each target.
  std::vector<std::size_t> connections_;  // Of each engine.
  std::vector<std::unique_ptr<Engine>> engines_;
};

class Http2Engines final : public EngineSet {
 public:
  // `targets` are those of the options, with all addresses of each.
  Http2Engines(const EngineSetOptions& options, std::vector<http2::Http2Target> targets)
      : connections_(options.connections), names_(TargetsOf(options.target)) {
    const std::size_t engines = std::min(options.engines, options.connections);
    for (std::size_t i = 0; i < engines; ++i) {
      http2::Http2EngineOptions engine;
      engine.targets = targets;
      engine.connections = PartOf(options.connections, engines, i);
      engine.slots = PartOf(options.slots, engines, i);
      engine.plan = options.plan;
      engine.number = i;
      engine.call = options.call;
      engine.authority = options.credentials.authority;
      engine.timeout = options.timeout;
      engines_.push_back(http2::MakeHttp2Engine(engine));
      for (std::size_t c = 0; c < engine.connections; ++c) {
        places_.push_back({engines_.back().get(), c, targets[c % targets.size()].endpoint.target});
      }
      // The next engine goes on with the target that is next in turn.
      const auto next = static_cast<std::ptrdiff_t>(engine.connections % targets.size());
      std::rotate(targets.begin(), targets.begin() + next, targets.end());
    }
  }

  absl::Status Connect(absl::Duration timeout) {
    const LoadTime deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
    for (const std::unique_ptr<http2::Http2Engine>& engine : engines_) {
      if (!engine->Connect(deadline)) return FailureOf(*engine, timeout);
    }
    return absl::OkStatus();
  }

  std::size_t size() const override { return engines_.size(); }
  Engine& engine(std::size_t i) override { return *engines_[i]; }
  std::size_t connections() const override { return connections_; }
  std::size_t connections_of(std::size_t i) const override { return PartOf(connections_, size(), i); }
  std::vector<TargetConnections> targets() const override {
    std::vector<TargetConnections> targets;
    for (const std::string& name : names_) EntryOf(name, &targets);
    for (const Place& place : places_) {
      TargetConnections& target = EntryOf(place.target, &targets);
      ++target.opened;
      target.standing += place.engine->is_connected(place.connection);
    }
    return targets;
  }

 private:
  // One of an engine's connections.
  struct Place {
    const http2::Http2Engine* engine;
    std::size_t connection;
    std::string target;
  };

  // The targets that it did not reach, each with what is wrong with one of its connections.
  absl::Status FailureOf(const http2::Http2Engine& engine, absl::Duration timeout) const {
    std::map<std::string, std::string> failures;
    for (const Place& place : places_) {
      if (place.engine != &engine || engine.is_connected(place.connection)) continue;
      failures[place.target] = engine.failure_of(place.connection);
    }
    std::vector<std::string> texts;
    for (const auto& [target, why] : failures) {
      texts.push_back(absl::StrCat("cannot connect to ", target, " within ", absl::FormatDuration(timeout),
                                   why.empty() ? "" : ": ", why));
    }
    return absl::UnavailableError(absl::StrJoin(texts, "; "));
  }

  const std::size_t connections_;
  const std::vector<std::string> names_;  // Of the targets.
  std::vector<Place> places_;
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
                                  .server_name = name.empty() ? endpoint.host : http2::HostOf(name)});
}

absl::StatusOr<std::vector<http2::Http2Target>> ResolveTargets(const EngineSetOptions& options) {
  std::vector<http2::Http2Target> targets;
  for (const std::string& target : TargetsOf(options.target)) {
    const absl::StatusOr<http2::Endpoint> endpoint = http2::ResolveEndpoint(target);
    if (!endpoint.ok()) return endpoint.status();
    const auto tls = TlsOf(options.credentials, *endpoint);
    if (!tls.ok()) return tls.status();
    for (const http2::Endpoint& each : http2::SpreadOver(*endpoint)) targets.push_back({each, *tls});
  }
  return targets;
}

}  // namespace

absl::string_view NameOf(EngineKind kind) { return kind == EngineKind::kHttp2 ? "http2" : "grpc"; }

absl::StatusOr<EngineKind> ParseEngineKind(absl::string_view name) {
  for (const EngineKind kind : {EngineKind::kHttp2, EngineKind::kGrpc}) {
    if (name == NameOf(kind)) return kind;
  }
  return absl::InvalidArgumentError("must be http2 or grpc");
}

std::vector<std::string> TargetsOf(const std::string& target) { return absl::StrSplit(target, ','); }

bool IsOneServer(const std::string& target) {
  return TargetsOf(target).size() == 1 && !absl::StartsWith(target, "dns:");
}

absl::StatusOr<std::unique_ptr<EngineSet>> ConnectEngines(const EngineSetOptions& options, absl::Duration timeout) {
  if (options.kind == EngineKind::kGrpc) {
    auto engines = std::make_unique<GrpcEngines>(options);
    if (absl::Status status = engines->Connect(timeout); !status.ok()) return status;
    return engines;
  }
  absl::StatusOr<std::vector<http2::Http2Target>> targets = ResolveTargets(options);
  if (!targets.ok()) return targets.status();
  auto engines = std::make_unique<Http2Engines>(options, *std::move(targets));
  if (absl::Status status = engines->Connect(timeout); !status.ok()) return status;
  return engines;
}

}  // namespace meanwhile
