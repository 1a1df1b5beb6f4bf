// ServingLoop: one loop of a model that serves on loops, and its thread. Calls of the Meanwhile service are admitted,
// counted, and shown while they are in flight; Health and Admin are answered on the loop, at once.
//
//   ServingLoop loop(parts, &pool, builder->AddCompletionQueue());
//   loop.Serve(services.meanwhile, &Service::RequestFetch, CallMethod::kFetch, armed, handler);
//   loop.ServeHealthAndAdmin(services);
//   loop.Start();
//   ...
//   loop.Stop();
//
// Ownership: the model's; what it is given outlives it. Thread: the server's. Handlers that return a Task run on the
// loop's, those that return a plain status on the pool's.

#ifndef MEANWHILE_SERVER_MODEL_SERVING_LOOP_H_
#define MEANWHILE_SERVER_MODEL_SERVING_LOOP_H_

#include <grpcpp/server_builder.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "async/event_loop.h"
#include "async/served_method.h"
#include "async/server_call.h"
#include "async/thread_pool.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "meanwhile/v1/admin.grpc.pb.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "server/model/counting_observer.h"
#include "server/model/model.h"

namespace meanwhile {

// The services as they are served on completion queues.
struct LoopServices {
  void Register(grpc::ServerBuilder* builder) {
    builder->RegisterService(&meanwhile);
    builder->RegisterService(&admin);
    builder->RegisterService(&health);
  }

  v1::Meanwhile::AsyncService meanwhile;
  v1::Admin::AsyncService admin;
  grpc::health::v1::Health::AsyncService health;
};

class ServingLoop {
 public:
  // Of what is asked now and then.
  static constexpr std::size_t kArmedForFew = 4;

  ServingLoop(const ModelParts& parts, async::ThreadPool* pool, std::unique_ptr<grpc::CompletionQueue> queue);

  async::EventLoop& loop() { return loop_; }

  // Keeps `armed` calls of a method armed, at least one. Before Start.
  template <typename Service, typename RequestMember, typename Handler>
  void Serve(Service& service, RequestMember request_member, CallMethod method, std::size_t armed, Handler handler) {
    methods_.push_back(async::Serve(loop_, service, request_member, std::move(handler),
                                    {.name = ToString(method),
                                     .armed = std::max<std::size_t>(1, armed),
                                     .pool = pool_,
                                     .observer = observers_.of(method),
                                     .in_flight = parts_.in_flight}));
  }
  // Before Start.
  void ServeHealthAndAdmin(LoopServices& services);

  void Start() {
    thread_ = std::thread([this] { loop_.Run(); });
  }

  // Until Stop.
  LoopFigures Figures() const;

  // When the server has shut down. Returns when every handler has.
  void Stop();

 private:
  template <typename Service, typename RequestMember, typename Handler>
  void ServeUnobserved(Service& service, RequestMember request_member, const char* name, Handler handler) {
    methods_.push_back(
        async::Serve(loop_, service, request_member, std::move(handler), {.name = name, .armed = kArmedForFew}));
  }

  const ModelParts parts_;
  async::ThreadPool* const pool_;
  async::EventLoop loop_;
  CountingObservers observers_;
  std::vector<std::unique_ptr<async::ServedMethod>> methods_;
  std::thread thread_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_SERVING_LOOP_H_
