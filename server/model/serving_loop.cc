#include "server/model/serving_loop.h"

#include "server/model/health_watch.h"
#include "server/observe/loop_log.h"

namespace meanwhile {

using async::CallContext;
using async::Task;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

ServingLoop::ServingLoop(const ModelParts& parts, async::ThreadPool* pool, std::unique_ptr<grpc::CompletionQueue> queue)
    : parts_(parts),
      pool_(pool),
      loop_(std::move(queue)),
      observers_({.counter = parts.stats->AddCounter(CallCounter::Writers::kOne),
                  .admission = parts.admission,
                  .rules = parts.rules}) {
  loop_.set_blocked_observer(LogBlockedLoop);
}

void ServingLoop::ServeHealthAndAdmin(LoopServices& services) {
  using Admin = v1::Admin::AsyncService;
  using Health = grpc::health::v1::Health::AsyncService;
  ServeUnobserved(services.admin, &Admin::RequestGetServerStats, "Admin.GetServerStats",
                  [this](CallContext& /*call*/, const v1::GetServerStatsRequest& /*request*/,
                         v1::GetServerStatsResponse* response) -> Task<grpc::Status> {
                    parts_.stats->Fill(response);  // Brief, and not to be shed when the pool is full.
                    co_return grpc::Status();
                  });
  ServeUnobserved(services.health, &Health::RequestCheck, "Health.Check",
                  [this](CallContext& /*call*/, const HealthCheckRequest& request, HealthCheckResponse* response)
                      -> Task<grpc::Status> { co_return parts_.health->Check(request, response); });
  ServeUnobserved(
      services.health, &Health::RequestWatch, "Health.Watch",
      [this](CallContext& call, const HealthCheckRequest& request, async::ServerWriter<HealthCheckResponse>& statuses) {
        return WatchHealth(call, *parts_.health, request, statuses);
      });
}

LoopFigures ServingLoop::Figures() const {
  LoopFigures figures{.stats = &loop_.stats(), .methods = {}};
  for (const auto& method : methods_) figures.methods.push_back(method.get());
  return figures;
}

void ServingLoop::Stop() {
  loop_.Stop();
  thread_.join();
  methods_.clear();
}

}  // namespace meanwhile
