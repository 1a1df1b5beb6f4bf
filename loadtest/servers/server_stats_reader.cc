#include "loadtest/servers/server_stats_reader.h"

#include <grpcpp/client_context.h>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "client/channel_pool.h"

namespace meanwhile {

ServerStatsReader::ServerStatsReader(const std::string& target, const Credentials& credentials)
    : stub_(v1::Admin::NewStub(ChannelPool({.target = target, .credentials = credentials}).channel(0))) {}

absl::StatusOr<v1::GetServerStatsResponse> ServerStatsReader::Read(absl::Duration timeout) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  v1::GetServerStatsResponse response;
  const grpc::Status status = stub_->GetServerStats(&context, v1::GetServerStatsRequest(), &response);
  if (status.ok()) return response;
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace meanwhile
