// Every model holds the faster side of a stream back, and serves many streams at a time.

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "client/channel_pool.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/server/model/streams.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

// What `amount()` is when it has been above 0 and has not moved for a while.
template <typename Amount>
auto AmountAtRest(Amount amount) {
  auto last = amount();
  int looks_without_progress = 0;
  EXPECT_TRUE(WaitUntil([&] {
    const auto now = amount();
    looks_without_progress = now > 0 && now == last ? looks_without_progress + 1 : 0;
    last = now;
    return looks_without_progress == 300;
  }));
  return last;
}

using StreamFlowTest = StreamsTest;

INSTANTIATE_TEST_SUITE_P(Models, StreamFlowTest, testing::ValuesIn(kStreamingModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

// Each item's wait is a call of another server, which therefore knows how far the writer has come.
TEST_P(StreamFlowTest, AReaderThatDoesNotReadHoldsTheWriter) {
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
  const std::uint64_t started = AmountAtRest([&] { return counting.server().GetStats().started(); });
  EXPECT_LT(started, kItems / 4);

  v1::WatchResponse item;
  std::uint32_t count = 0;
  while (stream->Read(&item)) count += item.index() == count ? 1 : 0;
  EXPECT_EQ(count, kItems);
  EXPECT_TRUE(stream->Finish().ok());
}

// Sends messages until the server takes no more or the stream ends; tells how far it has come.
template <typename Stream, typename Request>
class Flood {
 public:
  static constexpr int kMessages = 1000;

  Flood(Stream* stream, const Request& message) : stream_(stream), message_(message) {}
  ~Flood() { thread_.join(); }

  int sent() const { return sent_; }

 private:
  void Send() {
    while (sent_ < kMessages && stream_->Write(message_)) ++sent_;
  }

  Stream* const stream_;
  const Request message_;
  std::atomic<int> sent_ = 0;
  std::thread thread_{[this] { Send(); }};
};

TEST_P(StreamFlowTest, AHandlerThatWaitsHoldsTheClient) {
  grpc::ClientContext context;
  v1::CollectResponse response;
  const auto stream = stub().Collect(&context, &response);
  const auto message = Message<v1::CollectRequest>(std::string(256 << 10, 'x'), absl::Minutes(1));
  {
    Flood flood(stream.get(), message);
    EXPECT_LT(AmountAtRest([&] { return flood.sent(); }), flood.kMessages / 4);
    context.TryCancel();
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_P(StreamFlowTest, AClientThatDoesNotReadTheAnswersCannotSendWithoutEnd) {
  grpc::ClientContext context;
  const auto stream = stub().Exchange(&context);
  {
    Flood flood(stream.get(), Message<v1::ExchangeRequest>(std::string(256 << 10, 'x')));
    EXPECT_LT(AmountAtRest([&] { return flood.sent(); }), flood.kMessages / 4);
    context.TryCancel();
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(served().HasInFlight(0));
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

}  // namespace
}  // namespace meanwhile
