// The example of README.md: a server with two handlers, which listens on a free port until the end of its input.

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "async/event_loop.h"
#include "async/server_call.h"
#include "async/task.h"
#include "async/thread_pool.h"
#include "async/when_all.h"
#include "greeter.grpc.pb.h"

// README.md shows what follows, up to the end mark.
namespace meanwhile::examples {

using async::CallContext;
using async::Task;
using std::chrono::milliseconds;

// A slow lookup; a call of another service (async/client_call.h) is awaited in the same way.
Task<grpc::Status> LookUp(async::EventLoop& loop, std::string key, std::string* value) {
  grpc::Status status = co_await loop.SleepFor(milliseconds(50));  // Not OK when the call was cancelled meanwhile.
  *value = "the " + key;
  co_return status;
}

// A coroutine: runs on the loop. Both lookups go on at once, so this takes 50 ms, and no thread waits.
Task<grpc::Status> Greet(CallContext& call, const GreetRequest& request, GreetResponse* response) {
  std::string time, place;
  auto [time_status, place_status] = co_await async::WhenAll(call.loop(), LookUp(call.loop(), "evening", &time),
                                                             LookUp(call.loop(), "harbour", &place));
  if (!time_status.ok()) co_return time_status;
  if (!place_status.ok()) co_return place_status;
  response->set_greeting("Hello " + request.name() + ", enjoy " + time + " at " + place);
  co_return grpc::Status();
}

// A plain function: may block or compute, so it is sent to the thread pool.
grpc::Status Sum(CallContext& /*call*/, const SumRequest& request, SumResponse* response) {
  for (const char c : request.text()) response->set_sum(31 * response->sum() + static_cast<unsigned char>(c));
  return grpc::Status();
}

void Serve() {
  Greeter::AsyncService service;
  async::ThreadPool pool(/*threads=*/2, /*max_queued=*/100);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  async::EventLoop loop(builder.AddCompletionQueue());
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();

  const auto greet = Serve(loop, service, &Greeter::AsyncService::RequestGreet, Greet, {});
  const auto sum = Serve(loop, service, &Greeter::AsyncService::RequestSum, Sum, {.pool = &pool});
  std::thread thread([&loop] { loop.Run(); });
  std::printf("serving on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  // In this order: no new calls and time for the others; then the loop, which ends when it has no work left.
  server->Shutdown(std::chrono::system_clock::now() + milliseconds(500));
  loop.Stop();
  thread.join();
}

}  // namespace meanwhile::examples
// End of what README.md shows.

int main() { meanwhile::examples::Serve(); }
