// ServerStatsReader: asks a server's Admin service what it has spent, over a connection of its own, never through those
// under test. Blocks; one thread at a time.

#ifndef MEANWHILE_LOADTEST_SERVERS_SERVER_STATS_READER_H_
#define MEANWHILE_LOADTEST_SERVERS_SERVER_STATS_READER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/credentials.h"
#include "meanwhile/v1/admin.grpc.pb.h"

namespace meanwhile {

class ServerStatsReader {
 public:
  // `HOST:PORT` or `unix:PATH`.
  explicit ServerStatsReader(const std::string& target, const Credentials& credentials = {});

  // UNIMPLEMENTED when the server has no Admin service; DEADLINE_EXCEEDED or UNAVAILABLE when it does not answer in
  // time.
  absl::StatusOr<v1::GetServerStatsResponse> Read(absl::Duration timeout = absl::Seconds(2));

 private:
  std::unique_ptr<v1::Admin::Stub> stub_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_SERVERS_SERVER_STATS_READER_H_
