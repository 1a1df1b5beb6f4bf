#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <thread>

#include "async/event_loop.h"
#include "async/server_call.h"
#include "async/timeout.h"
#include "weather.grpc.pb.h"

using namespace meanwhile::async;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

// A sensor is slow: this stands for a query, a file, a call of another service. A wait that is cancelled ends at once,
// with the reason as its status.
Task<grpc::Status> ReadSensor(EventLoop& loop, weather::Weather* weather) {
  const grpc::Status status = co_await loop.SleepFor(20ms);
  if (status.ok()) weather->set_celsius(21.5);
  co_return status;
}

// Unary. It takes no longer than a second, nor than the client's own deadline if that is earlier.
Task<grpc::Status> Measure(CallContext& call, const weather::MeasureRequest&, weather::Weather* weather) {
  co_return co_await WithTimeout(call.loop(), 1s, ReadSensor(call.loop(), weather));
}

// Server streaming. A client that reads slowly holds the Write; one that is gone makes it give false.
Task<grpc::Status> Watch(CallContext& call, const weather::WatchRequest& request, ServerWriter<weather::Weather>& out) {
  weather::Weather weather;
  for (unsigned i = 0; i < request.count(); ++i) {
    if (grpc::Status status = co_await ReadSensor(call.loop(), &weather); !status.ok()) co_return status;
    if (!co_await out.Write(weather)) break;
  }
  co_return grpc::Status();
}

// Returns a plain status, so it may block or compute: it runs on the pool. It looks whether it is still wanted.
grpc::Status Summarise(CallContext& call, const weather::SummariseRequest& request, weather::Summary* summary) {
  double sum = 0;
  for (unsigned day = 0; day < request.days() && !call.cancelled(); ++day) sum += 10 - 10 * std::cos(day / 58.1);
  summary->set_mean_celsius(request.days() > 0 ? sum / request.days() : 0);
  return grpc::Status();
}

int main(int argc, char** argv) {
  sigset_t signals;  // Blocked in every thread; main waits for them below.
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  using Service = weather::Station::AsyncService;
  Service service;
  ThreadPool pool(/*threads=*/2, /*max_queued=*/100);  // A call that finds no room is shed.
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(argc > 1 ? argv[1] : "127.0.0.1:50052", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  EventLoop loop(builder.AddCompletionQueue());
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;  // gRPC has said why.

  const auto measure = Serve(loop, service, &Service::RequestMeasure, Measure, {});
  const auto watch = Serve(loop, service, &Service::RequestWatch, Watch, {});
  const auto summarise = Serve(loop, service, &Service::RequestSummarise, Summarise, {.pool = &pool});
  std::thread thread([&loop] { loop.Run(); });
  std::printf("serving on port %d\n", port);
  std::fflush(stdout);

  int received = 0;
  sigwait(&signals, &received);
  server->Shutdown(std::chrono::system_clock::now() +
                   5s);  // No new calls; those in flight have 5 s, then are cancelled.
  loop.Stop();           // Run returns when no call is left.
  thread.join();
}
