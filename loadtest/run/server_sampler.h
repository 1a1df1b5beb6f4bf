// ServerSampler: looks at a server's Admin service once a second, on a thread and a connection of its own, so that a
// server which does not answer keeps nobody waiting. A server without that service is left alone after the first look.
//
// Thread: Latest is for any; the rest for the one that made it.

#ifndef MEANWHILE_LOADTEST_RUN_SERVER_SAMPLER_H_
#define MEANWHILE_LOADTEST_RUN_SERVER_SAMPLER_H_

#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "client/credentials.h"
#include "loadtest/measure/time_series.h"

namespace meanwhile {

class ServerSampler {
 public:
  // Begins. `HOST:PORT` or `unix:PATH`.
  ServerSampler(const std::string& target, const Credentials& credentials, absl::Duration period = absl::Seconds(1));
  ServerSampler(const ServerSampler&) = delete;
  ServerSampler& operator=(const ServerSampler&) = delete;
  // Ends; waits for an answer on its way, up to a second.
  ~ServerSampler();

  // What was seen last; none when that is older than two periods.
  std::optional<ServerSight> Latest() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run(const std::string& target, const Credentials& credentials);

  const absl::Duration period_;
  mutable absl::Mutex mutex_;
  std::optional<ServerSight> latest_ ABSL_GUARDED_BY(mutex_);
  absl::Time latest_time_ ABSL_GUARDED_BY(mutex_);
  absl::Notification stop_;
  std::thread thread_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_RUN_SERVER_SAMPLER_H_
