// The service's handlers as plain functions that block their thread. Read them beside async_handlers.h: the same
// service, without `co_await`.
//
// A wait holds its thread, and so does a Read or a Write of a stream until the other side has sent or taken a message.
// Several waits at once need a thread for each.
//
// Two models run them: `thread` on gRPC's threads, `pool` on its own.
//
// Owned by the server. Thread: any number at once, one for each call.

#ifndef MEANWHILE_SERVER_MODEL_BLOCKING_HANDLERS_H_
#define MEANWHILE_SERVER_MODEL_BLOCKING_HANDLERS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/sync_stream.h>

#include <chrono>
#include <vector>

#include "meanwhile/v1/meanwhile.pb.h"
#include "server/backend/backend.h"
#include "server/model/gathered_waits.h"
#include "server/model/service_rules.h"

namespace meanwhile {

// A call as its handler sees it.
struct BlockedCall {
  const grpc::ServerContext& context;
  // When the server heard of the call; its handler begins later if it waited for a thread.
  std::chrono::system_clock::time_point began = std::chrono::system_clock::now();
};

class BlockingHandlers {
 public:
  // What gRPC's synchronous streams have in common with those of the pool.
  template <typename Message>
  using Reader = grpc::internal::ReaderInterface<Message>;
  template <typename Message>
  using Writer = grpc::internal::WriterInterface<Message>;

  // `rules` and `backend` outlive the handlers.
  BlockingHandlers(const ServiceRules* rules, Backend* backend) : rules_(rules), backend_(backend) {}

  grpc::Status Fetch(const BlockedCall& call, const v1::FetchRequest& request, v1::FetchResponse* response);
  grpc::Status Gather(const BlockedCall& call, const v1::GatherRequest& request, v1::GatherResponse* response);
  grpc::Status Watch(const BlockedCall& call, const v1::WatchRequest& request, Writer<v1::WatchResponse>& items);
  grpc::Status Collect(const BlockedCall& call, Reader<v1::CollectRequest>& messages, v1::CollectResponse* response);
  grpc::Status Exchange(const BlockedCall& call, Reader<v1::ExchangeRequest>& messages,
                        Writer<v1::ExchangeResponse>& answers);
  grpc::Status Compute(const BlockedCall& call, const v1::ComputeRequest& request, v1::ComputeResponse* response);

 private:
  void WaitInSequence(const BlockedCall& call, const std::vector<PlannedWait>& waits, GatheredWaits& gathered);
  void WaitAtOnce(const BlockedCall& call, const std::vector<PlannedWait>& waits, GatheredWaits& gathered);

  const ServiceRules* rules_;
  Backend* backend_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_BLOCKING_HANDLERS_H_
