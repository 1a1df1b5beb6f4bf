#include "tests/server/server_process.h"

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <cstddef>

#include "absl/time/clock.h"
#include "client/channel_pool.h"
#include "meanwhile/v1/admin.grpc.pb.h"

namespace meanwhile {
namespace {

std::vector<std::string> CommandLine(std::vector<std::string> launcher, const std::vector<std::string>& flags) {
  launcher.insert(launcher.end(), {"server/server", "--listen=127.0.0.1:0"});
  launcher.insert(launcher.end(), flags.begin(), flags.end());
  return launcher;
}

}  // namespace

ServerProcess::ServerProcess(const std::vector<std::string>& flags, const std::vector<std::string>& launcher)
    : Process(CommandLine(launcher, flags)) {
  first_line_ = ReadErrorLine().value_or("");
  const std::string before = "serving on ";
  const std::size_t end = first_line_.find(": ");
  if (first_line_.rfind(before, 0) != 0 || end == std::string::npos) {
    ADD_FAILURE() << "the server does not serve: " << err();
    return;
  }
  target_ = first_line_.substr(before.size(), end - before.size());
}

v1::GetServerStatsResponse ServerProcess::Stats() const {
  ChannelPool channels({.target = target_});
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
  v1::GetServerStatsResponse stats;
  const grpc::Status status = v1::Admin::NewStub(channels.channel(0))->GetServerStats(&context, {}, &stats);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return stats;
}

bool ServerProcess::HasInFlight(std::uint64_t calls) const {
  return WaitUntil([&] { return Stats().in_flight() == calls; });
}

}  // namespace meanwhile
