// PoolModel: a bounded number of threads run blocking handlers. --pool-threads calls are served at a time; --pool-queue
// more wait for a thread; one more is shed with RESOURCE_EXHAUSTED, at once. A call that is cancelled in the queue, or
// whose deadline passes there, leaves it.
//
// How it is built: the house of the async model with the handlers of the thread model in it. Loops take the calls from
// their completion queues; the handlers return a plain status, so async::Serve sends them to the pool by itself. What
// a handler does with its stream (Read, Write) is started on the pool's thread and completed by the loop, for which
// that thread waits. Health and Admin answer on the loops: they are asked when the pool is full, too, and a watch of
// health must not hold one of its threads.
//
// Why not gRPC's synchronous server with a bound on its threads: ResourceQuota::SetMaxThreads refuses a call as soon as
// no thread is free, and sometimes earlier; it has no queue.
//
// A Gather at once has a thread for each of its waits, beside the pool's: the bound is on calls.
//
// Ownership and thread: see model.h.

#ifndef MEANWHILE_SERVER_MODEL_POOL_MODEL_H_
#define MEANWHILE_SERVER_MODEL_POOL_MODEL_H_

#include <memory>
#include <vector>

#include "async/thread_pool.h"
#include "server/model/blocking_handlers.h"
#include "server/model/model.h"
#include "server/model/serving_loop.h"

namespace meanwhile {

class PoolModel final : public Model {
 public:
  explicit PoolModel(const ModelParts& parts);
  ~PoolModel() override;

  void Register(grpc::ServerBuilder* builder) override;
  void Start() override;
  ModelFigures Figures() const override;
  void Stop() override;

 private:
  void ServeOn(ServingLoop& loop);

  const ModelParts parts_;
  LoopServices services_;
  BlockingHandlers handlers_;
  async::ThreadPool pool_;
  std::vector<std::unique_ptr<ServingLoop>> loops_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_POOL_MODEL_H_
