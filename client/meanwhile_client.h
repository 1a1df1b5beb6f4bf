// MeanwhileClient: the service's calls, and those that describe the server, as tasks on a loop.
//
//   v1::FetchResponse response;
//   grpc::Status status = co_await client.Fetch(request, &response, {.timeout = absl::Seconds(1)});
//
// Calls go over the pool's channels in turn. A call counts as work of the loop; cancelling the awaiting coroutine
// cancels it.
//
// Lifetime: the loop and the client outlive the calls; request and response live until the await ends.
//
// Thread: the loop's.

#ifndef MEANWHILE_CLIENT_MEANWHILE_CLIENT_H_
#define MEANWHILE_CLIENT_MEANWHILE_CLIENT_H_

#include <grpcpp/support/status.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "client/channel_pool.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "meanwhile/v1/admin.grpc.pb.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"

namespace meanwhile {

struct CallOptions {
  // From the moment the call is awaited; then it ends with DEADLINE_EXCEEDED.
  absl::Duration timeout = absl::InfiniteDuration();
};

class MeanwhileClient {
 public:
  MeanwhileClient(async::EventLoop* loop, const ChannelPool& pool);
  MeanwhileClient(const MeanwhileClient&) = delete;
  MeanwhileClient& operator=(const MeanwhileClient&) = delete;

  async::Task<grpc::Status> Fetch(const v1::FetchRequest& request, v1::FetchResponse* response,
                                  CallOptions options = {});
  async::Task<grpc::Status> Gather(const v1::GatherRequest& request, v1::GatherResponse* response,
                                   CallOptions options = {});
  async::Task<grpc::Status> Compute(const v1::ComputeRequest& request, v1::ComputeResponse* response,
                                    CallOptions options = {});
  async::Task<grpc::Status> GetServerStats(const v1::GetServerStatsRequest& request,
                                           v1::GetServerStatsResponse* response, CallOptions options = {});
  async::Task<grpc::Status> Check(const grpc::health::v1::HealthCheckRequest& request,
                                  grpc::health::v1::HealthCheckResponse* response, CallOptions options = {});

 private:
  struct Stubs {
    std::unique_ptr<v1::Meanwhile::Stub> meanwhile;
    std::unique_ptr<v1::Admin::Stub> admin;
    std::unique_ptr<grpc::health::v1::Health::Stub> health;
  };

  Stubs& NextStubs();

  async::EventLoop* const loop_;
  std::vector<Stubs> stubs_;  // One of each channel.
  std::size_t next_ = 0;
};

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_MEANWHILE_CLIENT_H_
