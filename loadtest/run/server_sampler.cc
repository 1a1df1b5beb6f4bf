#include "loadtest/run/server_sampler.h"

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "client/proto_duration.h"
#include "loadtest/servers/server_stats_reader.h"

namespace meanwhile {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(1);

}  // namespace

ServerSampler::ServerSampler(const std::string& target, const Credentials& credentials, absl::Duration period)
    : period_(period), thread_([this, target, credentials] { Run(target, credentials); }) {}

ServerSampler::~ServerSampler() {
  stop_.Notify();
  thread_.join();
}

std::optional<ServerSight> ServerSampler::Latest() const {
  const absl::MutexLock lock(&mutex_);
  return absl::Now() - latest_time_ <= 2 * period_ ? latest_ : std::nullopt;
}

void ServerSampler::Run(const std::string& target, const Credentials& credentials) {
  ServerStatsReader reader(target, credentials);
  std::optional<absl::Duration> processor_time;  // At the last look.
  absl::Time last_look;
  // The second look comes soon: until then nothing is known of the processor time.
  absl::Duration wait = period_ / 4;
  do {
    const absl::StatusOr<v1::GetServerStatsResponse> stats = reader.Read(kTimeout);
    if (absl::IsUnimplemented(stats.status())) return;
    if (!stats.ok()) continue;
    const absl::Time now = absl::Now();
    const absl::Duration spent = FromProto(stats->processor_time());
    if (processor_time) {
      wait = period_;
      const ServerSight sight = {absl::FDivDuration(spent - *processor_time, now - last_look),
                                 static_cast<double>(stats->resident_bytes()), stats->threads()};
      const absl::MutexLock lock(&mutex_);
      latest_ = sight;
      latest_time_ = now;
    }
    processor_time = spent;
    last_look = now;
  } while (!stop_.WaitForNotificationWithTimeout(wait));
}

}  // namespace meanwhile
