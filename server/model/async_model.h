// AsyncModel: coroutines on a few loops. A call that waits costs a slot and a coroutine frame, no thread.
//
// Each loop has a completion queue, a thread, handlers and slots of its own. gRPC deals the connections to the queues,
// and a call stays with its connection's loop, so loops share nothing but the backend's capacity and the pool.
//
// Ownership and thread: see model.h.

#ifndef MEANWHILE_SERVER_MODEL_ASYNC_MODEL_H_
#define MEANWHILE_SERVER_MODEL_ASYNC_MODEL_H_

#include <grpcpp/generic/async_generic_service.h>

#include <memory>
#include <vector>

#include "async/thread_pool.h"
#include "server/model/model.h"
#include "server/model/serving_loop.h"

namespace meanwhile {

class AsyncModel final : public Model {
 public:
  explicit AsyncModel(const ModelParts& parts);
  ~AsyncModel() override;

  void Register(grpc::ServerBuilder* builder) override;
  void Start() override;
  ModelFigures Figures() const override;
  void Stop() override;

 private:
  class Loop;

  const ModelParts parts_;
  LoopServices services_;
  grpc::AsyncGenericService unimplemented_;
  async::ThreadPool pool_;
  std::vector<std::unique_ptr<Loop>> loops_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_ASYNC_MODEL_H_
