// ThreadModel: a thread for each call in flight, on gRPC's synchronous API. The number of threads has no bound.
//
// Its settings are gRPC's own unless --sync-max-pollers says otherwise.
//
// Ownership and thread: see model.h. The handlers run on gRPC's threads.

#ifndef MEANWHILE_SERVER_MODEL_THREAD_MODEL_H_
#define MEANWHILE_SERVER_MODEL_THREAD_MODEL_H_

#include <memory>

#include "server/model/model.h"

namespace meanwhile {

class ThreadModel final : public Model {
 public:
  explicit ThreadModel(const ModelParts& parts);
  ~ThreadModel() override;

  void Register(grpc::ServerBuilder* builder) override;
  void Start() override {}
  ModelFigures Figures() const override { return {}; }
  // Server::Shutdown has already waited for the handlers.
  void Stop() override {}

 private:
  class Services;

  const ModelParts parts_;
  std::unique_ptr<Services> services_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_THREAD_MODEL_H_
