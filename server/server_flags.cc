#include "server/server_flags.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/channel_pool.h"
#include "client/config_flag.h"
#include "client/credentials.h"
#include "client/flags.h"
#include "client/listener.h"
#include "client/metrics_flag.h"
#include "client/processors.h"
#include "server/backend/database/postgres_endpoint.h"

namespace meanwhile {
namespace {

// A usual size of thread pools, for handlers that mostly wait.
constexpr std::size_t kPoolModelThreads = 64;

CLI::Option* AddSwitch(CLI::App& app, const std::string& flag, bool* value, const std::string& description) {
  return AddParsedFlag(
      app, flag,
      [flag, value](const std::string& text) {
        *value = text == "true";
        if (*value || text == "false") return absl::OkStatus();
        return absl::InvalidArgumentError(FlagError(flag, text, "must be true or false"));
      },
      "true|false", *value ? "true" : "false", description);
}

// What is served, and where.
void AddServiceFlags(CLI::App& app, ServerOptions* options) {
  AddParsedFlag(
      app, "--model",
      [options](const std::string& text) {
        for (const ModelKind model : kAllModels) {
          if (text != ToString(model)) continue;
          options->model = model;
          return absl::OkStatus();
        }
        return absl::InvalidArgumentError(FlagError("--model", text, "must be async, callback, thread or pool"));
      },
      "async|callback|thread|pool", ToString(options->model), "How calls are mapped to threads");
  AddParsedFlag(
      app, "--listen",
      [options](const std::string& text) {
        options->listen = text;
        return Listener::Check(text);
      },
      "ADDRESS", options->listen, "Where to listen: HOST:PORT (port 0 takes a free one) or unix:PATH");
  AddSwitch(app, "--reflection", &options->reflection, "Tell clients the schema, as grpcurl asks for it");
  AddSwitch(app, "--channelz", &options->channelz, "Tell clients about the server's connections: grpc.channelz.v1");
}

// What calls wait for.
void AddWaitFlags(CLI::App& app, ServerOptions* options) {
  AddParsedFlag(
      app, "--backend",
      [options](const std::string& text) {
        absl::StatusOr<BackendSpec> spec = ParseBackendSpec(text);
        if (!spec.ok()) return absl::InvalidArgumentError(absl::StrCat("--backend=", spec.status().message()));
        options->backend = *std::move(spec);
        return absl::OkStatus();
      },
      "SPEC", ToString(options->backend),
      "What calls wait for: DISTRIBUTION[,fail=RATE:STATUS][,capacity=N][,queue=M][,seed=S]");
  AddParsedFlag(
      app, "--remote",
      [options](const std::string& text) {
        options->remote = text;
        if (absl::Status status = CheckTarget(text); !status.ok()) {
          return absl::InvalidArgumentError(FlagError("--remote", text, "must be HOST:PORT or unix:PATH"));
        }
        return absl::OkStatus();
      },
      "ADDRESS", "", "The Meanwhile server that remote waits call");
  CredentialFlags* const credentials = &options->remote_credentials;
  app.add_option("--remote-cacert", credentials->cacert, "Speak TLS to it, and trust the authorities in this file, PEM")
      ->type_name("FILE");
  app.add_option("--remote-cert", credentials->cert, "Speak TLS to it, with this certificate, PEM")->type_name("FILE");
  app.add_option("--remote-key", credentials->key, "The private key of that certificate, PEM")->type_name("FILE");
  app.add_option("--remote-authority", credentials->authority, "Its name, if it is not the host of --remote")
      ->type_name("NAME");
  app.add_option("--data-dir", options->data_dir, "The directory that file waits read and write")->type_name("DIR");
  app.add_option("--database", options->database,
                 "The SQLite file that query waits ask; without it a private one, removed at the end")
      ->type_name("FILE");
  AddParsedFlag(
      app, "--postgres",
      [options](const std::string& text) {
        options->postgres = text;
        const absl::Status status = PostgresEndpoint::Parse(text).status();
        return status.ok() ? status : absl::InvalidArgumentError(absl::StrCat("--postgres: ", status.message()));
      },
      "URL", "", "The PostgreSQL server that query waits ask instead of SQLite");
  AddDurationFlag(app, "--max-wait", &options->max_wait, {absl::ZeroDuration(), absl::Hours(1)},
                  "The longest wait that a request may ask for");
}

// Threads, and what waits for them.
void AddThreadFlags(CLI::App& app, ServerOptions* options) {
  AddCountFlag(app, "--loops", &options->loops, {1, 256}, "Loops, each with a thread; model thread has none");
  AddCountFlag(app, "--armed", &options->armed, {1, 100'000},
               "Models async and pool: calls that each loop keeps armed");
  CLI::Option* pool_threads = AddCountFlag(
      app, "--pool-threads", &options->pool_threads, {1, 10'000},
      absl::StrCat("Threads that run blocking handlers: all calls in model pool, where ", kPoolModelThreads,
                   " is the default, those that\ncompute in async and callback; model thread has no bound"));
  AddCountFlag(app, "--pool-queue", &options->pool_queue, {0, 1'000'000},
               "Calls that may wait for such a thread; one more is shed");
  AddParsedFlag(
      app, "--sync-max-pollers",
      [options](const std::string& text) {
        const absl::StatusOr<std::uint64_t> count = ParseCount("--sync-max-pollers", text, {1, 10'000});
        if (count.ok()) options->sync_max_pollers = static_cast<int>(*count);
        return count.status();
      },
      "N", "", "Model thread: gRPC's MAX_POLLERS instead of its default");
  app.parse_complete_callback([options, pool_threads] {
    if (options->model == ModelKind::kPool && pool_threads->count() == 0) options->pool_threads = kPoolModelThreads;
  });
}

// What is refused when there is more than can be served.
void AddOverloadFlags(CLI::App& app, ServerOptions* options) {
  AddCountFlag(app, "--max-in-flight", &options->max_in_flight, {0, 10'000'000},
               "Calls served at a time, in every model; one more is shed. 0: no bound");
}

// Who may connect, and how.
void AddTlsFlags(CLI::App& app, TlsOptions* tls) {
  app.add_option("--tls-cert", tls->certificate, "Speak TLS: the server's certificate and its chain, PEM")
      ->type_name("FILE");
  app.add_option("--tls-key", tls->key, "The private key of that certificate, PEM")->type_name("FILE");
  app.add_option("--tls-client-ca", tls->client_ca, "Take only clients with a certificate of these authorities, PEM")
      ->type_name("FILE");
}

// What a client may take.
void AddLimitFlags(CLI::App& app, LimitOptions* limits) {
  constexpr absl::Duration kTick = absl::Milliseconds(1);
  AddSizeFlag(app, "--max-message-size", &limits->max_message_bytes, {1, 1 << 30},
              "The largest message taken from a client");
  AddSizeFlag(app, "--max-metadata-size", &limits->max_metadata_bytes, {1 << 10, 1 << 20}, "The metadata of a call");
  AddCountFlag(app, "--max-streams", &limits->max_streams, {1, 1'000'000}, "Calls in flight on a connection");
  AddCountFlag(app, "--max-connections", &limits->max_connections, {1, 1'000'000}, "Connections at a time");
  AddCountFlag(app, "--max-connections-per-peer", &limits->max_connections_per_peer, {1, 1'000'000},
               "Connections at a time from an address");
  AddDurationFlag(app, "--handshake-timeout", &limits->handshake_timeout, {kTick, absl::Minutes(10)},
                  "How long a connection may take to begin");
  AddDurationFlag(app, "--max-connection-age", &limits->max_connection_age, {kTick, absl::Hours(24 * 20)},
                  "After which a connection is told to go");
  AddDurationFlag(app, "--max-connection-age-grace", &limits->max_connection_age_grace, {kTick, absl::Hours(24)},
                  "How long its calls may go on then");
  AddDurationFlag(app, "--max-connection-idle", &limits->max_connection_idle, {kTick, absl::Hours(24 * 20)},
                  "After which a connection without calls is told to go");
  AddDurationFlag(app, "--keepalive-time", &limits->keepalive_time, {kTick, absl::Hours(24)},
                  "After which a silent connection is pinged");
  AddDurationFlag(app, "--keepalive-timeout", &limits->keepalive_timeout, {kTick, absl::Hours(1)},
                  "How long its answer may take");
  AddDurationFlag(app, "--min-ping-interval", &limits->min_ping_interval, {absl::ZeroDuration(), absl::Hours(24)},
                  "How often a client may ping");
  AddSwitch(app, "--keepalive-without-calls", &limits->keepalive_without_calls,
            "Ping, and let clients ping, connections without calls, too");
}

// How the server stops.
void AddLifecycleFlags(CLI::App& app, ServerOptions* options) {
  AddDurationFlag(app, "--drain-delay", &options->lifecycle.drain_delay, {absl::ZeroDuration(), absl::Hours(1)},
                  "How long calls are still taken after SIGTERM or SIGINT, while health says NOT_SERVING");
  AddDurationFlag(app, "--grace", &options->lifecycle.grace, {absl::ZeroDuration(), absl::Hours(1)},
                  "How long calls in flight may go on after that");
}

// How the server is watched.
void AddObserveFlags(CLI::App& app, ObserveOptions* options) {
  AddMetricsFlag(app, &options->metrics);
  AddParsedFlag(
      app, "--slow-call",
      [options](const std::string& text) {
        const absl::StatusOr<absl::Duration> bound =
            ParseDuration("--slow-call", text, {absl::ZeroDuration(), absl::Hours(1)});
        if (bound.ok()) options->slow_call = *bound;
        return bound.status();
      },
      "DURATION", "", "Log calls that take longer, with where their time went");
  app.add_option("--trace", options->trace, "Where to draw the last calls at the end, for Perfetto or chrome://tracing")
      ->type_name("FILE");
  AddCountFlag(app, "--trace-calls", &options->trace_calls, {1, 1'000'000}, "How many calls are drawn there");
  AddParsedFlag(
      app, "--log",
      [options](const std::string& text) {
        options->log.format = text == "json" ? LogFormat::kJson : LogFormat::kText;
        if (text == ToString(options->log.format)) return absl::OkStatus();
        return absl::InvalidArgumentError(FlagError("--log", text, "must be text or json"));
      },
      "text|json", ToString(options->log.format), "How log lines on stderr look");
  AddParsedFlag(
      app, "--log-level",
      [options](const std::string& text) {
        for (const LogLevel level : kAllLogLevels) {
          if (text != ToString(level)) continue;
          options->log.level = level;
          return absl::OkStatus();
        }
        return absl::InvalidArgumentError(FlagError("--log-level", text, "must be debug, info, warning or error"));
      },
      "debug|info|warning|error", ToString(options->log.level), "The least that is logged");
}

}  // namespace

std::optional<int> ParseServerFlags(int argc, const char* const* argv, ServerOptions* options) {
  options->loops = AvailableProcessors();
  options->pool_threads = AvailableProcessors();
  CLI::App app("A gRPC server whose calls wait on a slow backend. The model says how calls are mapped to threads.",
               "server");
  AddServiceFlags(app, options);
  AddWaitFlags(app, options);
  AddThreadFlags(app, options);
  AddOverloadFlags(app, options);
  AddTlsFlags(app, &options->tls);
  AddLimitFlags(app, &options->limits);
  AddLifecycleFlags(app, options);
  AddObserveFlags(app, &options->observe);
  AddConfigFlag(app);
  return ParseFlags(app, argc, argv);
}

}  // namespace meanwhile
