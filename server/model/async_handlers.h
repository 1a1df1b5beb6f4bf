// The service's handlers as coroutines. Read them beside blocking_handlers.h: the same service, with `co_await` where
// the other one blocks its thread.
//
// Fetch and Gather return Task<grpc::Status> and run on the loop. Compute never waits, it keeps a processor busy; it
// returns a plain grpc::Status and so is sent to the thread pool (see async/server_call.h).
//
// Owned by the server, one for each loop. Thread: the loop's; Compute, the pool's.

#ifndef MEANWHILE_SERVER_MODEL_ASYNC_HANDLERS_H_
#define MEANWHILE_SERVER_MODEL_ASYNC_HANDLERS_H_

#include <vector>

#include "async/server_call.h"
#include "async/task.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "server/backend/backend.h"
#include "server/model/gathered_waits.h"
#include "server/model/service_rules.h"

namespace meanwhile {

class AsyncHandlers {
 public:
  // `rules` and `backend`, the loop's, outlive the handlers.
  AsyncHandlers(const ServiceRules* rules, LoopBackend* backend) : rules_(rules), backend_(backend) {}

  async::Task<grpc::Status> Fetch(async::CallContext& call, const v1::FetchRequest& request,
                                  v1::FetchResponse* response);
  async::Task<grpc::Status> Gather(async::CallContext& call, const v1::GatherRequest& request,
                                   v1::GatherResponse* response);
  async::Task<grpc::Status> Watch(async::CallContext& call, const v1::WatchRequest& request,
                                  async::ServerWriter<v1::WatchResponse>& items);
  async::Task<grpc::Status> Collect(async::CallContext& call, async::ServerReader<v1::CollectRequest>& messages,
                                    v1::CollectResponse* response);
  async::Task<grpc::Status> Exchange(async::CallContext& call,
                                     async::ServerReaderWriter<v1::ExchangeRequest, v1::ExchangeResponse>& stream);
  grpc::Status Compute(async::CallContext& call, const v1::ComputeRequest& request, v1::ComputeResponse* response);

 private:
  // Whether the waits beside one that has ended are still wanted, in a form that WhenAll understands.
  struct OthersAreWanted {
    bool wanted;
    bool ok() const { return wanted; }
  };

  async::Task<> WaitInSequence(const std::vector<PlannedWait>& waits, GatheredWaits& gathered);
  async::Task<> WaitAtOnce(async::CallContext& call, const std::vector<PlannedWait>& waits, GatheredWaits& gathered);
  async::Task<OthersAreWanted> WaitAsOne(const PlannedWait& wait, std::size_t index, GatheredWaits& gathered);

  const ServiceRules* rules_;
  LoopBackend* backend_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_ASYNC_HANDLERS_H_
