// The table of docs/design.md that says what the service is for: a test by the name of each row, which runs the real
// thing, a server process.

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/channel_pool.h"
#include "client/wait_flag.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/server/fetches_in_flight.h"
#include "tests/server/server_process.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;

// Makes calls of one server, one after another.
class Caller {
 public:
  explicit Caller(const std::string& target)
      : channels_({.target = target}), stub_(v1::Meanwhile::NewStub(channels_.channel(0))) {}

  // `wait` as on a command line: see client/wait_flag.h.
  v1::FetchResponse Fetch(const std::string& wait) {
    v1::FetchRequest request;
    *request.mutable_wait() = *ParseWait("wait", wait);
    v1::FetchResponse response;
    grpc::ClientContext context;
    SetDeadline(context);
    status_ = stub_->Fetch(&context, request, &response);
    return response;
  }

  v1::GatherResponse Gather(v1::GatherRequest::Mode mode, const std::vector<std::string>& waits) {
    v1::GatherRequest request;
    request.set_mode(mode);
    for (const std::string& wait : waits) *request.add_waits() = *ParseWait("wait", wait);
    v1::GatherResponse response;
    grpc::ClientContext context;
    SetDeadline(context);
    status_ = stub_->Gather(&context, request, &response);
    return response;
  }

  v1::ComputeResponse Compute(std::uint64_t rounds) {
    v1::ComputeRequest request;
    request.set_rounds(rounds);
    v1::ComputeResponse response;
    grpc::ClientContext context;
    SetDeadline(context);
    status_ = stub_->Compute(&context, request, &response);
    return response;
  }

  // How the last call ended.
  bool ok() const { return status_.ok(); }
  const grpc::Status& status() const { return status_; }

 private:
  static void SetDeadline(grpc::ClientContext& context) {
    context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
  }

  ChannelPool channels_;
  std::unique_ptr<v1::Meanwhile::Stub> stub_;
  grpc::Status status_;
};

double Seconds(const google::protobuf::Duration& duration) { return duration.seconds() + duration.nanos() * 1e-9; }

double Sum(const google::protobuf::RepeatedPtrField<google::protobuf::Duration>& durations) {
  double sum = 0;
  for (const google::protobuf::Duration& duration : durations) sum += Seconds(duration);
  return sum;
}

// A computation that takes a processor for seconds, in flight from the constructor on. The destructor cancels it.
class LongComputation {
 public:
  explicit LongComputation(const ServerProcess& server)
      : channels_({.target = server.target()}), stub_(v1::Meanwhile::NewStub(channels_.channel(0))) {
    request_.set_rounds(1'000'000'000);
    ended_ = std::async(std::launch::async, [this] { return stub_->Compute(&context_, request_, &response_); });
  }
  ~LongComputation() { context_.TryCancel(); }

 private:
  ChannelPool channels_;
  std::unique_ptr<v1::Meanwhile::Stub> stub_;
  v1::ComputeRequest request_;
  v1::ComputeResponse response_;
  grpc::ClientContext context_;
  std::future<grpc::Status> ended_;
};

TEST(IdeaTableTest, ARemoteApiOperation) {
  ServerProcess other({"--backend=constant:1ms"});
  ServerProcess server({"--remote=" + other.target()});
  Caller caller(server.target());
  caller.Fetch("remote:simulated:20ms");
  EXPECT_TRUE(caller.ok()) << caller.status().error_message();
  EXPECT_EQ(other.Stats().finished().at("OK"), 1u);
  // While it waits for the other server it holds no thread: many more are in flight than there are threads.
  const std::string minute = "remote:simulated:30s";
  std::future<void> many = std::async(std::launch::async, [&] {
    Caller(server.target()).Gather(v1::GatherRequest::FIRST_OF, std::vector<std::string>(100, minute));
  });
  EXPECT_TRUE(other.HasInFlight(100));
  EXPECT_LE(server.Stats().peak_threads(), std::thread::hardware_concurrency() + 16);
  other.Signal(SIGKILL);
  many.get();
}

TEST(IdeaTableTest, SlowFileAnySlowThing) {
  ServerProcess server({"--backend=uniform:5ms,6ms"});
  Caller caller(server.target());
  EXPECT_GE(Seconds(caller.Fetch("simulated:20ms").waited()), 0.020);
  EXPECT_GE(Seconds(caller.Fetch("simulated:lognormal:20ms,30ms").waited()), 0);
  EXPECT_TRUE(caller.ok()) << caller.status().error_message();
  caller.Fetch("simulated:constant:1ms,fail=1:UNAVAILABLE");
  EXPECT_EQ(caller.status().error_code(), StatusCode::UNAVAILABLE);
}

TEST(IdeaTableTest, WorkOnBWhileAWaits) {
  constexpr std::size_t kWaiting = 2000;
  ServerProcess server({"--loops=1", "--reflection=false"});
  FetchesInFlight a(server.target(), kWaiting, absl::Seconds(60), {.connections = 4});
  ASSERT_TRUE(server.HasInFlight(kWaiting));
  Caller b(server.target());
  b.Fetch("simulated:1ms");
  EXPECT_TRUE(b.ok()) << b.status().error_message();
  EXPECT_TRUE(server.HasInFlight(kWaiting)) << "A still waits";
  EXPECT_LE(server.Stats().peak_threads(), std::thread::hardware_concurrency() + 16);
  a.Cancel();
}

TEST(IdeaTableTest, WorkOnBWhileAWaitsInsideOneCall) {
  ServerProcess server({"--backend=constant:1ms"});
  Caller caller(server.target());
  const std::vector<std::string> waits(5, "simulated:40ms");
  const v1::GatherResponse in_sequence = caller.Gather(v1::GatherRequest::IN_SEQUENCE, waits);
  ASSERT_TRUE(caller.ok()) << caller.status().error_message();
  EXPECT_GE(Seconds(in_sequence.elapsed()), Sum(in_sequence.waited()));
  const v1::GatherResponse at_once = caller.Gather(v1::GatherRequest::AT_ONCE, waits);
  ASSERT_TRUE(caller.ok()) << caller.status().error_message();
  EXPECT_LT(Seconds(at_once.elapsed()), Sum(at_once.waited()));
}

// Fetch returns a Task and runs on the loop; Compute returns a plain status and is sent to the pool by itself.
TEST(IdeaTableTest, AsyncDefAndDefCanBeMixed) {
  ServerProcess server({"--loops=1", "--pool-threads=1"});
  Caller caller(server.target());
  EXPECT_NE(caller.Compute(1).digest(), 0u);
  LongComputation def(server);
  ASSERT_TRUE(server.HasInFlight(1));
  for (int i = 0; i < 10; ++i) {
    caller.Fetch("simulated:1ms");
    EXPECT_TRUE(caller.ok()) << caller.status().error_message();
  }
  EXPECT_TRUE(server.HasInFlight(1)) << "it still computes, and held up nobody";
}

// One computation does not keep the next from a processor, nor either of them the waits.
TEST(IdeaTableTest, ParallelismAndAsynchronyAtOnce) {
  constexpr std::size_t kWaiting = 500;
  ServerProcess server({"--loops=2", "--pool-threads=2", "--reflection=false"});
  FetchesInFlight waiting(server.target(), kWaiting, absl::Seconds(60), {.connections = 4});
  ASSERT_TRUE(server.HasInFlight(kWaiting));
  LongComputation one(server);
  ASSERT_TRUE(server.HasInFlight(kWaiting + 1));
  Caller caller(server.target());
  EXPECT_NE(caller.Compute(1000).digest(), 0u) << caller.status().error_message();
  caller.Fetch("simulated:1ms");
  EXPECT_TRUE(caller.ok()) << caller.status().error_message();
  EXPECT_TRUE(server.HasInFlight(kWaiting + 1)) << "the long one still computes";
  waiting.Cancel();
}

}  // namespace
}  // namespace meanwhile
