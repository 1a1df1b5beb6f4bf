// The table of docs/idea.md: a test by the name of each row, which runs the real thing, server processes. Here what
// happens while a call waits, and what does not.
//
// What is faster is not asserted: docs/measuring.md and `loadtest compare` are for that.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/proto_duration.h"
#include "tests/e2e/caller.h"
#include "tests/server/fetches_in_flight.h"
#include "tests/server/server_process.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;

absl::Duration Sum(const google::protobuf::RepeatedPtrField<google::protobuf::Duration>& durations) {
  absl::Duration sum;
  for (const google::protobuf::Duration& duration : durations) sum += FromProto(duration);
  return sum;
}

// Threads of an async server, however many calls it has in flight: a few of ours, and gRPC's own.
std::uint32_t AFewThreads() { return std::thread::hardware_concurrency() + 16; }

// The handler goes on behind a co_await when what it waits for is there, and not before: each step finds what the last
// has left.
TEST(IdeaTableTest, TheLanguageHasAWayToSayWaitHere) {
  std::string data_dir = testing::TempDir() + "/idea.XXXXXX";
  ASSERT_NE(mkdtemp(data_dir.data()), nullptr);
  ServerProcess server({"--model=async", "--loops=1", "--data-dir=" + data_dir});
  Caller caller(server.target());
  const v1::GatherResponse steps = caller.Gather(
      v1::GatherRequest::IN_SEQUENCE, {"file-write:note=one", "file-read:note", "simulated:1ms", "store:note=two",
                                       "query:note", "file-write:note=three", "file-read:note"});
  ASSERT_TRUE(caller.ok()) << caller.error();
  const std::vector<std::string> values(steps.values().begin(), steps.values().end());
  EXPECT_EQ(values, (std::vector<std::string>{"", "one", "", "", "two", "", "three"}));
}

TEST(IdeaTableTest, WorkOnBWhileAWaits) {
  constexpr std::size_t kWaiting = 2000;
  ServerProcess server({"--loops=1", "--reflection=false"});
  FetchesInFlight a(server.target(), kWaiting, absl::Seconds(60), {.connections = 4});
  ASSERT_TRUE(server.HasInFlight(kWaiting));
  Caller b(server.target());
  b.Fetch("simulated:1ms");
  EXPECT_TRUE(b.ok()) << b.error();
  EXPECT_TRUE(server.HasInFlight(kWaiting)) << "A still waits";
  EXPECT_LE(server.Stats().peak_threads(), AFewThreads());
  a.Cancel();
}

TEST(IdeaTableTest, WorkOnBWhileAWaitsInsideOneCall) {
  ServerProcess server({"--backend=constant:1ms"});
  Caller caller(server.target());
  const std::vector<std::string> waits(5, "simulated:40ms");
  const v1::GatherResponse in_sequence = caller.Gather(v1::GatherRequest::IN_SEQUENCE, waits);
  ASSERT_TRUE(caller.ok()) << caller.error();
  EXPECT_GE(FromProto(in_sequence.elapsed()), Sum(in_sequence.waited()));
  const v1::GatherResponse at_once = caller.Gather(v1::GatherRequest::AT_ONCE, waits);
  ASSERT_TRUE(caller.ok()) << caller.error();
  EXPECT_LT(FromProto(at_once.elapsed()), Sum(at_once.waited()));
}

// Fetch returns a Task and runs on the loop; Compute returns a plain status and is sent to the pool by itself.
TEST(IdeaTableTest, AsyncDefAndDefCanBeMixed) {
  ServerProcess server({"--loops=1", "--pool-threads=1"});
  Caller caller(server.target());
  EXPECT_NE(caller.Compute(1).digest(), 0u);
  LongComputation def(server.target());
  ASSERT_TRUE(server.HasInFlight(1));
  for (int i = 0; i < 10; ++i) {
    caller.Fetch("simulated:1ms");
    EXPECT_TRUE(caller.ok()) << caller.error();
  }
  EXPECT_TRUE(server.HasInFlight(1)) << "it still computes, and held up nobody";
}

// A thousand calls wait at the same time for one thread. Two computations do not: the second waits for the first.
TEST(IdeaTableTest, ConcurrencyIsNotParallelism) {
  constexpr std::size_t kWaiting = 1000;
  ServerProcess server({"--loops=1", "--pool-threads=1", "--pool-queue=1", "--reflection=false"});
  FetchesInFlight waiting(server.target(), kWaiting, absl::Seconds(60), {.connections = 4});
  ASSERT_TRUE(server.HasInFlight(kWaiting));
  LongComputation first(server.target());
  ASSERT_TRUE(server.HasInFlight(kWaiting + 1));
  Caller caller(server.target());
  caller.Compute(1, absl::Milliseconds(300));
  EXPECT_EQ(caller.code(), StatusCode::DEADLINE_EXCEEDED) << "the smallest computation, and nobody computes it";
  EXPECT_TRUE(server.HasInFlight(kWaiting + 1)) << "the first one still computes";
  EXPECT_LE(server.Stats().peak_threads(), AFewThreads());
  waiting.Cancel();
}

// One computation does not keep the next from a processor, nor either of them the waits.
TEST(IdeaTableTest, ParallelismAndAsynchronyAtOnce) {
  constexpr std::size_t kWaiting = 500;
  ServerProcess server({"--loops=2", "--pool-threads=2", "--reflection=false"});
  FetchesInFlight waiting(server.target(), kWaiting, absl::Seconds(60), {.connections = 4});
  ASSERT_TRUE(server.HasInFlight(kWaiting));
  LongComputation one(server.target());
  ASSERT_TRUE(server.HasInFlight(kWaiting + 1));
  Caller caller(server.target());
  EXPECT_NE(caller.Compute(1000).digest(), 0u) << caller.error();
  caller.Fetch("simulated:1ms");
  EXPECT_TRUE(caller.ok()) << caller.error();
  EXPECT_TRUE(server.HasInFlight(kWaiting + 1)) << "the long one still computes";
  waiting.Cancel();
}

TEST(IdeaTableTest, FrameworksMadeBeforeAsyncRunABoundedNumberOfThreads) {
  constexpr std::size_t kCalls = 200;
  ServerProcess async({"--model=async", "--reflection=false"});
  FetchesInFlight on_loops(async.target(), kCalls, absl::Seconds(60));
  ASSERT_TRUE(async.HasInFlight(kCalls));
  EXPECT_LE(async.Stats().threads(), AFewThreads());

  // A thread for each call, as many as the system gives.
  ServerProcess thread({"--model=thread", "--reflection=false"});
  FetchesInFlight on_threads(thread.target(), kCalls, absl::Seconds(60));
  ASSERT_TRUE(thread.HasInFlight(kCalls));
  EXPECT_GE(thread.Stats().threads(), kCalls);

  // So many and no more; what finds none waits for its turn, and one more is refused.
  ServerProcess pool({"--model=pool", "--pool-threads=4", "--pool-queue=100", "--reflection=false"});
  FetchesInFlight served_and_queued(pool.target(), 104, absl::Seconds(60));
  ASSERT_TRUE(pool.HasInFlight(104));
  EXPECT_LE(pool.Stats().threads(), AFewThreads() + 4);
  Caller caller(pool.target());
  caller.Fetch("simulated:1ms");
  EXPECT_EQ(caller.code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(pool.Stats().shed(), 1u);
}

}  // namespace
}  // namespace meanwhile
