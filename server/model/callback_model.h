// CallbackModel: reactors on gRPC's callback API. gRPC's threads call them back, a few loops wait for them; a call that
// waits costs a reactor and a coroutine frame, no thread.
//
// The loops are dealt to the calls in turn. Calls that compute go to a bounded pool, as in the async model.
//
// Ownership and thread: see model.h. The handlers run on gRPC's threads and on the loops'.

#ifndef MEANWHILE_SERVER_MODEL_CALLBACK_MODEL_H_
#define MEANWHILE_SERVER_MODEL_CALLBACK_MODEL_H_

#include <memory>
#include <vector>

#include "async/thread_pool.h"
#include "server/model/callback_loop.h"
#include "server/model/model.h"

namespace meanwhile {

class CallbackModel final : public Model {
 public:
  explicit CallbackModel(const ModelParts& parts);
  ~CallbackModel() override;

  void Register(grpc::ServerBuilder* builder) override;
  // Calls that have come since the server was built have waited in the loops' mailboxes.
  void Start() override;
  ModelFigures Figures() const override;
  // Server::Shutdown has already waited for every OnDone.
  void Stop() override;

 private:
  class Services;

  async::ThreadPool pool_;
  std::vector<std::unique_ptr<CallbackLoop>> loops_;
  std::unique_ptr<Services> services_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_CALLBACK_MODEL_H_
