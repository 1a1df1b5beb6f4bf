// Every model serves streams in the same way. The client is gRPC's own, so that the server is tested without our loops
// on the other side.

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "client/channel_pool.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/server/model/served_model.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;

using ExchangeStream = grpc::ClientReaderWriter<v1::ExchangeRequest, v1::ExchangeResponse>;

void SetWait(absl::Duration wait, v1::Wait* proto) {
  google::protobuf::Duration* constant = proto->mutable_simulated()->mutable_constant();
  constant->set_seconds(absl::IDivDuration(wait, absl::Seconds(1), &wait));
  constant->set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(wait)));
}

v1::WatchRequest WatchRequest(std::uint32_t count, absl::Duration wait, const std::string& payload = "") {
  v1::WatchRequest request;
  request.set_count(count);
  SetWait(wait, request.mutable_wait());
  request.set_payload(payload);
  return request;
}

template <typename Request>
Request Message(const std::string& payload, absl::Duration wait = absl::ZeroDuration()) {
  Request request;
  request.set_payload(payload);
  SetWait(wait, request.mutable_wait());
  return request;
}

class StreamsTest : public testing::TestWithParam<ModelKind> {
 protected:
  explicit StreamsTest(const ServerOptions& options) : served_(options), channels_({.target = served_.target()}) {}
  StreamsTest() : StreamsTest(ServedModel::SmallServer(GetParam())) {}

  ServedModel& served() { return served_; }
  v1::Meanwhile::Stub& stub() { return *stub_; }
  bool HasFinished(const std::string& status) { return served_.HasFinished(status, 1); }

  // Sends a message and awaits its answer.
  static void ExpectEcho(ExchangeStream& stream, const std::string& payload) {
    ASSERT_TRUE(stream.Write(Message<v1::ExchangeRequest>(payload)));
    v1::ExchangeResponse answer;
    ASSERT_TRUE(stream.Read(&answer));
    EXPECT_EQ(answer.payload(), payload);
  }

 private:
  ServedModel served_;
  ChannelPool channels_;
  const std::unique_ptr<v1::Meanwhile::Stub> stub_ = v1::Meanwhile::NewStub(channels_.channel(0));
};

INSTANTIATE_TEST_SUITE_P(Models, StreamsTest, testing::ValuesIn(kStreamingModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(StreamsTest, WatchSendsItsItemsInOrder) {
  grpc::ClientContext context;
  const auto stream = stub().Watch(&context, WatchRequest(20, absl::Milliseconds(1), "hello"));
  v1::WatchResponse item;
  std::uint32_t count = 0;
  for (; stream->Read(&item); ++count) {
    EXPECT_EQ(item.index(), count);
    EXPECT_EQ(item.payload(), "hello");
    EXPECT_GE(item.waited().nanos(), 1'000'000);
  }
  EXPECT_EQ(count, 20u);
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_TRUE(HasFinished("OK"));
}

TEST_P(StreamsTest, CollectAddsUpItsMessages) {
  grpc::ClientContext context;
  v1::CollectResponse response;
  const auto stream = stub().Collect(&context, &response);
  for (const char* payload : {"one", "two", "three"}) {
    ASSERT_TRUE(stream->Write(Message<v1::CollectRequest>(payload, absl::Milliseconds(1))));
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(response.count(), 3u);
  EXPECT_EQ(response.bytes(), 11u);
  EXPECT_GE(response.waited().nanos(), 3'000'000);
}

TEST_P(StreamsTest, ExchangeAnswersEachMessageBeforeTheNextIsSent) {
  grpc::ClientContext context;
  const auto stream = stub().Exchange(&context);
  for (int i = 0; i < 10; ++i) ExpectEcho(*stream, absl::StrCat(i));
  stream->WritesDone();
  v1::ExchangeResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_P(StreamsTest, ExchangeAnswersInOrderWhatWasSentAtOnce) {
  grpc::ClientContext context;
  const auto stream = stub().Exchange(&context);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(stream->Write(Message<v1::ExchangeRequest>(absl::StrCat(i))));
  stream->WritesDone();  // Half-closed: answers still come.
  v1::ExchangeResponse answer;
  int count = 0;
  for (; stream->Read(&answer); ++count) EXPECT_EQ(answer.payload(), absl::StrCat(count));
  EXPECT_EQ(count, 100);
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_P(StreamsTest, AStreamWithoutMessagesIsAnswered) {
  grpc::ClientContext collect_context;
  v1::CollectResponse response;
  const auto collect = stub().Collect(&collect_context, &response);
  collect->WritesDone();
  EXPECT_TRUE(collect->Finish().ok());
  EXPECT_EQ(response.count(), 0u);

  grpc::ClientContext exchange_context;
  const auto exchange = stub().Exchange(&exchange_context);
  exchange->WritesDone();
  v1::ExchangeResponse answer;
  EXPECT_FALSE(exchange->Read(&answer));
  EXPECT_TRUE(exchange->Finish().ok());
}

constexpr std::uint32_t kMany = 100'000;

TEST_P(StreamsTest, WatchSendsAHundredThousandItems) {
  grpc::ClientContext context;
  const auto stream = stub().Watch(&context, WatchRequest(kMany, absl::ZeroDuration()));
  v1::WatchResponse item;
  std::uint32_t count = 0;
  while (stream->Read(&item)) count += item.index() == count ? 1 : 0;
  EXPECT_EQ(count, kMany);
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_P(StreamsTest, CollectTakesAHundredThousandMessages) {
  grpc::ClientContext context;
  v1::CollectResponse response;
  const auto stream = stub().Collect(&context, &response);
  const auto message = Message<v1::CollectRequest>("x");
  for (std::uint32_t i = 0; i < kMany; ++i) ASSERT_TRUE(stream->Write(message));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(response.count(), kMany);
  EXPECT_EQ(response.bytes(), kMany);
}

TEST_P(StreamsTest, ExchangeAnswersAHundredThousandMessages) {
  grpc::ClientContext context;
  const auto stream = stub().Exchange(&context);
  std::thread writing([&] {
    for (std::uint32_t i = 0; i < kMany; ++i) {
      if (!stream->Write(Message<v1::ExchangeRequest>(absl::StrCat(i)))) return;
    }
    stream->WritesDone();
  });
  v1::ExchangeResponse answer;
  std::uint32_t count = 0;
  while (stream->Read(&answer)) count += answer.payload() == absl::StrCat(count) ? 1 : 0;
  writing.join();
  EXPECT_EQ(count, kMany);
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_P(StreamsTest, ACancelledWaitEndsItsStream) {
  grpc::ClientContext context;
  const auto stream = stub().Exchange(&context);
  ExpectEcho(*stream, "before");
  ASSERT_TRUE(stream->Write(Message<v1::ExchangeRequest>("", absl::Minutes(1))));
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  EXPECT_TRUE(served().HasInFlight(0));
}

TEST_P(StreamsTest, ACancelledWatchStopsWaiting) {
  grpc::ClientContext context;
  const auto stream = stub().Watch(&context, WatchRequest(2, absl::Minutes(1)));
  EXPECT_TRUE(served().HasInFlight(1));
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  EXPECT_TRUE(HasFinished("CANCELLED"));
}

TEST_P(StreamsTest, ACancelledStreamStopsReading) {
  grpc::ClientContext collect_context;
  v1::CollectResponse response;
  const auto collect = stub().Collect(&collect_context, &response);
  grpc::ClientContext exchange_context;
  const auto exchange = stub().Exchange(&exchange_context);
  EXPECT_TRUE(served().HasInFlight(2));
  collect_context.TryCancel();
  exchange_context.TryCancel();
  EXPECT_EQ(collect->Finish().error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(exchange->Finish().error_code(), StatusCode::CANCELLED);
  EXPECT_TRUE(served().HasInFlight(0));
  // A failed read does not tell why it failed. What tells comes later, and gRPC's synchronous API keeps it to itself: a
  // handler of the thread model may have returned OK.
  if (GetParam() != ModelKind::kThread) {
    EXPECT_TRUE(served().HasFinished("CANCELLED", 2));
  }
}

TEST_P(StreamsTest, ACancelledStreamStopsWritingToAClientThatDoesNotRead) {
  grpc::ClientContext context;
  const auto stream = stub().Watch(&context, WatchRequest(1000, absl::ZeroDuration(), std::string(1 << 20, 'x')));
  v1::WatchResponse item;
  ASSERT_TRUE(stream->Read(&item));  // The others fill the way here.
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  EXPECT_TRUE(HasFinished("CANCELLED"));
}

TEST_P(StreamsTest, AStreamOutOfTimeStopsWaiting) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(200)));
  const auto stream = stub().Exchange(&context);
  ExpectEcho(*stream, "before");
  ASSERT_TRUE(stream->Write(Message<v1::ExchangeRequest>("", absl::Minutes(1))));
  v1::ExchangeResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(served().HasInFlight(0));
  // A blocked thread may hear that the client has given up a moment before its own deadline, and calls it so.
  if (GetParam() != ModelKind::kThread && GetParam() != ModelKind::kPool) {
    EXPECT_TRUE(HasFinished("DEADLINE_EXCEEDED"));
  }
}

TEST_P(StreamsTest, AStreamOutOfTimeStopsReading) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(50)));
  v1::CollectResponse response;
  const auto stream = stub().Collect(&context, &response);
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(served().HasInFlight(0));
}

TEST_P(StreamsTest, RefusesABadWatch) {
  grpc::ClientContext context;
  const grpc::Status status = stub().Watch(&context, v1::WatchRequest())->Finish();
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "count=0: must be from 1 to 1000000");
}

TEST_P(StreamsTest, ABadMessageInTheMiddleEndsTheStreamAndIsNamed) {
  constexpr char kError[] = "wait.simulated.constant=2m: must be from 0 to 1m";
  grpc::ClientContext exchange_context;
  const auto exchange = stub().Exchange(&exchange_context);
  ExpectEcho(*exchange, "good");
  ASSERT_TRUE(exchange->Write(Message<v1::ExchangeRequest>("bad", absl::Minutes(2))));
  v1::ExchangeResponse answer;
  EXPECT_FALSE(exchange->Read(&answer));
  grpc::Status status = exchange->Finish();
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), kError);

  grpc::ClientContext collect_context;
  v1::CollectResponse response;
  const auto collect = stub().Collect(&collect_context, &response);
  collect->Write(Message<v1::CollectRequest>("good"));
  collect->Write(Message<v1::CollectRequest>("bad", absl::Minutes(2)));
  status = collect->Finish();  // Although the client could go on.
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), kError);
}

TEST_P(StreamsTest, AWaitThatFailsEndsTheStream) {
  v1::Wait failing;
  failing.mutable_simulated()->set_spec("constant:0s,fail=1:DATA_LOSS");

  grpc::ClientContext exchange_context;
  const auto exchange = stub().Exchange(&exchange_context);
  ExpectEcho(*exchange, "good");
  v1::ExchangeRequest message;
  *message.mutable_wait() = failing;
  ASSERT_TRUE(exchange->Write(message));
  v1::ExchangeResponse answer;
  EXPECT_FALSE(exchange->Read(&answer));
  EXPECT_EQ(exchange->Finish().error_code(), StatusCode::DATA_LOSS);

  grpc::ClientContext watch_context;
  v1::WatchRequest request;
  request.set_count(10);
  *request.mutable_wait() = failing;
  const auto watch = stub().Watch(&watch_context, request);
  v1::WatchResponse item;
  EXPECT_FALSE(watch->Read(&item));
  EXPECT_EQ(watch->Finish().error_code(), StatusCode::DATA_LOSS);
}

// Each item's wait is a call of another server, which therefore knows how far the writer has come.
TEST_P(StreamsTest, AReaderThatDoesNotReadHoldsTheWriter) {
  ServedModel counting(ModelKind::kAsync);
  ServerOptions options = ServedModel::SmallServer(GetParam());
  options.remote = counting.target();
  ServedModel served(options);
  ChannelPool channels({.target = served.target()});
  const auto stub = v1::Meanwhile::NewStub(channels.channel(0));

  constexpr std::uint32_t kItems = 1000;
  v1::WatchRequest request;
  request.set_count(kItems);
  request.set_payload(std::string(64 << 10, 'x'));
  SetWait(absl::ZeroDuration(), request.mutable_wait()->mutable_remote()->mutable_wait());
  grpc::ClientContext context;
  const auto stream = stub->Watch(&context, request);
  // Until the writer has not moved for a while.
  std::uint64_t started = 0;
  int looks_without_progress = 0;
  EXPECT_TRUE(WaitUntil([&] {
    const std::uint64_t now = counting.server().GetStats().started();
    looks_without_progress = now > 0 && now == started ? looks_without_progress + 1 : 0;
    started = now;
    return looks_without_progress == 300;
  }));
  EXPECT_LT(started, kItems / 4);

  v1::WatchResponse item;
  std::uint32_t count = 0;
  while (stream->Read(&item)) count += item.index() == count ? 1 : 0;
  EXPECT_EQ(count, kItems);
  EXPECT_TRUE(stream->Finish().ok());
}

// An Exchange of one message, on gRPC's callback API: a thousand of them need no thousand threads of this process. Its
// client half-closes when it is told to.
class OneMessage final : public grpc::ClientBidiReactor<v1::ExchangeRequest, v1::ExchangeResponse> {
 public:
  void Start(v1::Meanwhile::Stub* stub, std::atomic<int>* answered, std::atomic<int>* succeeded) {
    answered_ = answered;
    succeeded_ = succeeded;
    stub->async()->Exchange(&context_, this);
    AddHold();
    StartWrite(&request_);
    StartRead(&response_);
    StartCall();
  }
  void HalfClose() {
    StartWritesDone();
    RemoveHold();
  }
  void Wait() { done_.WaitForNotification(); }

 private:
  void OnReadDone(bool ok) override {
    if (ok) ++*answered_;
  }
  void OnDone(const grpc::Status& status) override {
    if (status.ok()) ++*succeeded_;
    done_.Notify();
  }

  grpc::ClientContext context_;
  v1::ExchangeRequest request_ = Message<v1::ExchangeRequest>("hello");
  v1::ExchangeResponse response_;
  std::atomic<int>* answered_ = nullptr;
  std::atomic<int>* succeeded_ = nullptr;
  absl::Notification done_;
};

// As many threads as streams, where a stream takes one.
class ManyStreamsTest : public StreamsTest {
 protected:
  static constexpr int kStreams = 1000;

  ManyStreamsTest() : StreamsTest(Options()) {}

 private:
  static ServerOptions Options() {
    ServerOptions options = ServedModel::SmallServer(GetParam());
    options.pool_threads = kStreams;
    return options;
  }
};

INSTANTIATE_TEST_SUITE_P(Models, ManyStreamsTest, testing::ValuesIn(kStreamingModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(ManyStreamsTest, AThousandAreServedAtATime) {
  std::atomic<int> answered = 0, succeeded = 0;
  std::deque<OneMessage> streams(kStreams);
  for (OneMessage& stream : streams) stream.Start(&stub(), &answered, &succeeded);
  EXPECT_TRUE(WaitUntil([&] { return answered == kStreams; }));
  EXPECT_EQ(served().server().GetStats().in_flight(), kStreams);
  for (OneMessage& stream : streams) stream.HalfClose();
  for (OneMessage& stream : streams) stream.Wait();
  EXPECT_EQ(succeeded, kStreams);
  EXPECT_TRUE(served().HasInFlight(0));
}

TEST_P(StreamsTest, AStreamGoesOnWithinTheGrace) {
  grpc::ClientContext context;
  const auto stream = stub().Exchange(&context);
  ExpectEcho(*stream, "before");
  ASSERT_TRUE(served().HasInFlight(1));
  std::thread shutdown([&] { served().server().Shutdown(absl::Hours(1)); });
  // Until calls are refused: then the shutdown has begun.
  EXPECT_TRUE(WaitUntil([&] { return served().Call("Fetch", "").substr(0, 12) == "UNAVAILABLE "; }));
  ExpectEcho(*stream, "after");
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  shutdown.join();
}

TEST_P(StreamsTest, AShutdownEndsStreamsInEveryState) {
  grpc::ClientContext reading_context, waiting_context, writing_context, collecting_context;
  const auto reading = stub().Exchange(&reading_context);
  ExpectEcho(*reading, "and no more");
  const auto waiting = stub().Watch(&waiting_context, WatchRequest(10, absl::Minutes(1)));
  const auto writing =
      stub().Watch(&writing_context, WatchRequest(1000, absl::ZeroDuration(), std::string(1 << 20, 'x')));
  v1::WatchResponse item;
  ASSERT_TRUE(writing->Read(&item));
  v1::CollectResponse response;
  const auto collecting = stub().Collect(&collecting_context, &response);
  ASSERT_TRUE(collecting->Write(Message<v1::CollectRequest>("", absl::Minutes(1))));
  ASSERT_TRUE(served().HasInFlight(4));

  served().server().Shutdown(absl::Milliseconds(20));
  EXPECT_EQ(served().server().GetStats().in_flight(), 0u) << "every handler has returned";
  while (writing->Read(&item)) {
  }
  EXPECT_FALSE(reading->Finish().ok());
  EXPECT_FALSE(waiting->Finish().ok());
  EXPECT_FALSE(writing->Finish().ok());
  EXPECT_FALSE(collecting->Finish().ok());
}

}  // namespace
}  // namespace meanwhile
