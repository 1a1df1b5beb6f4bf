// Every model makes the same record of a call, and hands it to whoever counts, logs or draws calls.

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "client/channel_pool.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "server/observe/call_record.h"
#include "tests/server/fetches_in_flight.h"
#include "tests/server/model/served_model.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using async::Duration;
using grpc::StatusCode;
using std::chrono::milliseconds;

// Keeps every record. Thread: any.
class RecordKeeper final : public CallSink {
 public:
  void OnCallEnded(const CallRecord& call) override {
    const std::lock_guard lock(mutex_);
    records_.push_back(call);
  }

  // Waits for so many; gives none when more or fewer came.
  std::vector<CallRecord> Wait(std::size_t count) {
    WaitUntil([&] { return Records().size() >= count; });
    std::vector<CallRecord> records = Records();
    EXPECT_EQ(records.size(), count);
    return records.size() == count ? records : std::vector<CallRecord>(count);
  }
  CallRecord WaitForOne() { return Wait(1).front(); }

 private:
  std::vector<CallRecord> Records() {
    const std::lock_guard lock(mutex_);
    return records_;
  }

  std::mutex mutex_;
  std::vector<CallRecord> records_;
};

void ExpectInOrder(const CallRecord& call) {
  EXPECT_GT(call.arrived, async::TimePoint());
  EXPECT_LE(call.arrived, call.began);
  EXPECT_LE(call.began, call.ended);
  EXPECT_GE(call.running, Duration::zero());
}

ServerOptions OneThread(ModelKind model, std::size_t queue) {
  ServerOptions options = ServedModel::SmallServer(model);
  options.pool_threads = 1;
  options.pool_queue = queue;
  return options;
}

class CallRecordsTest : public testing::TestWithParam<ModelKind> {
 protected:
  void Serve(const ServerOptions& options) { served_ = std::make_unique<ServedModel>(options, &keeper_); }
  void Serve() { Serve(ServedModel::SmallServer(GetParam())); }
  ServedModel& served() { return *served_; }
  RecordKeeper& keeper() { return keeper_; }

 private:
  RecordKeeper keeper_;
  std::unique_ptr<ServedModel> served_;
};

INSTANTIATE_TEST_SUITE_P(Models, CallRecordsTest, testing::ValuesIn(kAllModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(CallRecordsTest, AFetchHasWaitedForAsLongAsItWasToldAndHasRun) {
  Serve();
  served().Call("Fetch", "wait { simulated { constant { nanos: 20000000 } } }");
  const CallRecord call = keeper().WaitForOne();
  ExpectInOrder(call);
  EXPECT_EQ(call.method, CallMethod::kFetch);
  EXPECT_EQ(call.code, StatusCode::OK);
  EXPECT_FALSE(call.shed);
  EXPECT_GT(call.running, Duration::zero());
  // The thread that runs a call may be late; its wait is all of the 20 ms but for what it ran.
  EXPECT_GE(call.waiting() + call.running, milliseconds(20));
  EXPECT_GT(call.waiting(), Duration::zero());
}

TEST_P(CallRecordsTest, ACallThatIsRefusedForItsRequestIsNotShed) {
  Serve();
  served().Call("Gather", "");
  const CallRecord call = keeper().WaitForOne();
  ExpectInOrder(call);
  EXPECT_EQ(call.method, CallMethod::kGather);
  EXPECT_EQ(call.code, StatusCode::INVALID_ARGUMENT);
  EXPECT_FALSE(call.shed);
}

TEST_P(CallRecordsTest, AComputeHasRunForTheTimeThatItTookOfAProcessor) {
  Serve();
  served().Call("Compute", "rounds: 1000000");
  const CallRecord call = keeper().WaitForOne();
  ExpectInOrder(call);
  EXPECT_EQ(call.method, CallMethod::kCompute);
  EXPECT_EQ(call.code, StatusCode::OK);
  EXPECT_GT(call.running, std::chrono::microseconds(100)) << "a million rounds take a millisecond";
}

TEST_P(CallRecordsTest, AStreamIsOneCallThatHasWaitedForEachOfItsItems) {
  Serve();
  ChannelPool channels({.target = served().target()});
  const auto stub = v1::Meanwhile::NewStub(channels.channel(0));
  v1::WatchRequest request;
  request.set_count(3);
  request.mutable_wait()->mutable_simulated()->mutable_constant()->set_nanos(10'000'000);
  grpc::ClientContext context;
  const auto items = stub->Watch(&context, request);
  v1::WatchResponse item;
  while (items->Read(&item)) {
  }
  EXPECT_TRUE(items->Finish().ok());
  const CallRecord call = keeper().WaitForOne();
  ExpectInOrder(call);
  EXPECT_EQ(call.method, CallMethod::kWatch);
  EXPECT_EQ(call.code, StatusCode::OK);
  EXPECT_GT(call.running, Duration::zero());
  EXPECT_GE(call.waiting() + call.running, milliseconds(30));
}

TEST_P(CallRecordsTest, AStreamThatIsReadHasWaitedForItsClient) {
  Serve();
  ChannelPool channels({.target = served().target()});
  const auto stub = v1::Meanwhile::NewStub(channels.channel(0));
  grpc::ClientContext context;
  v1::CollectResponse response;
  const auto messages = stub->Collect(&context, &response);
  EXPECT_TRUE(messages->Write(v1::CollectRequest()));
  EXPECT_TRUE(served().HasInFlight(1));
  EXPECT_TRUE(messages->WritesDone());
  EXPECT_TRUE(messages->Finish().ok());
  const CallRecord call = keeper().WaitForOne();
  ExpectInOrder(call);
  EXPECT_EQ(call.method, CallMethod::kCollect);
  EXPECT_EQ(call.code, StatusCode::OK);
  EXPECT_GT(call.running, Duration::zero());
  EXPECT_GT(call.waiting(), Duration::zero());
}

TEST_P(CallRecordsTest, ACancelledCallHasItsStatusAndTheTimeUntilThen) {
  Serve();
  FetchesInFlight fetches(served().target(), 1, absl::Seconds(60));
  ASSERT_TRUE(served().HasInFlight(1));
  fetches.Cancel();
  const CallRecord call = keeper().WaitForOne();
  ExpectInOrder(call);
  EXPECT_EQ(call.code, StatusCode::CANCELLED);
  EXPECT_FALSE(call.shed);
  // It counts as in flight from its arrival on, so the cancel may come before it waits.
  EXPECT_GT(call.ended, call.arrived);
}

TEST_P(CallRecordsTest, ACallThatWaitedForAThreadWasQueued) {
  Serve(OneThread(GetParam(), 10));
  // The one computes until its client gives up, the other waits for the thread; the thread model has one for each.
  std::thread first([&] { served().Call("Compute", "rounds: 1000000000", absl::Milliseconds(200)); });
  EXPECT_TRUE(served().HasInFlight(1));
  EXPECT_EQ(served().Call("Compute", "rounds: 1000").substr(0, 3), "OK ");
  first.join();
  std::map<StatusCode, CallRecord> calls;
  for (const CallRecord& call : keeper().Wait(2)) calls[call.code] = call;
  ASSERT_EQ(calls.count(StatusCode::OK), 1u);
  ExpectInOrder(calls[StatusCode::OK]);
  if (GetParam() == ModelKind::kThread) {
    EXPECT_EQ(calls[StatusCode::OK].queued(), Duration::zero());
  } else {
    EXPECT_GT(calls[StatusCode::OK].queued(), milliseconds(1));
  }
}

// The models with a pool that a call of Compute may not find room in.
class PooledCallRecordsTest : public CallRecordsTest {};

INSTANTIATE_TEST_SUITE_P(Models, PooledCallRecordsTest,
                         testing::Values(ModelKind::kAsync, ModelKind::kCallback, ModelKind::kPool),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(PooledCallRecordsTest, ACallThatFindsThePoolFullIsShedAndHasNotRun) {
  Serve(OneThread(GetParam(), 0));
  std::thread first([&] { served().Call("Compute", "rounds: 1000000000", absl::Milliseconds(200)); });
  EXPECT_TRUE(served().HasInFlight(1));
  EXPECT_EQ(served().Call("Compute", "rounds: 1000"), "RESOURCE_EXHAUSTED the server's thread pool is full");
  const CallRecord call = keeper().WaitForOne();
  ExpectInOrder(call);
  EXPECT_EQ(call.method, CallMethod::kCompute);
  EXPECT_EQ(call.code, StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(call.shed, ShedReason::kPoolQueue);
  EXPECT_EQ(call.waiting(), Duration::zero());
  first.join();
}

TEST_P(PooledCallRecordsTest, ACallWhoseDeadlinePassesInTheQueueWasQueuedAllTheTime) {
  Serve(OneThread(GetParam(), 10));
  std::thread first([&] { served().Call("Compute", "rounds: 1000000000", absl::Milliseconds(500)); });
  EXPECT_TRUE(served().HasInFlight(1));
  served().Call("Compute", "rounds: 1000", absl::Milliseconds(50));
  const CallRecord call = keeper().WaitForOne();
  ExpectInOrder(call);
  // Its deadline passed there. To a slow server the client's own end may come first, as a cancel.
  if (call.code != StatusCode::CANCELLED) {
    EXPECT_EQ(call.code, StatusCode::DEADLINE_EXCEEDED);
    EXPECT_EQ(call.shed, ShedReason::kDeadline);
  }
  EXPECT_GT(call.queued(), milliseconds(1));
  EXPECT_EQ(call.waiting(), Duration::zero());
  first.join();
}

}  // namespace
}  // namespace meanwhile
