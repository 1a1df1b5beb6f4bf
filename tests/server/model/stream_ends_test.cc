// Every model ends streams in the same way: by the client's cancellation or deadline, by an error, by its own shutdown.

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/server/model/streams.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;

using StreamEndsTest = StreamsTest;

INSTANTIATE_TEST_SUITE_P(Models, StreamEndsTest, testing::ValuesIn(kStreamingModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(StreamEndsTest, ACancelledWaitEndsItsStream) {
  grpc::ClientContext context;
  const auto stream = stub().Exchange(&context);
  ExpectEcho(*stream, "before");
  ASSERT_TRUE(stream->Write(Message<v1::ExchangeRequest>("", absl::Minutes(1))));
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  EXPECT_TRUE(served().HasInFlight(0));
}

TEST_P(StreamEndsTest, ACancelledWatchStopsWaiting) {
  grpc::ClientContext context;
  const auto stream = stub().Watch(&context, WatchRequest(2, absl::Minutes(1)));
  EXPECT_TRUE(served().HasInFlight(1));
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  EXPECT_TRUE(HasFinished("CANCELLED"));
}

TEST_P(StreamEndsTest, ACancelledStreamStopsReading) {
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

TEST_P(StreamEndsTest, ACancelledStreamStopsWritingToAClientThatDoesNotRead) {
  grpc::ClientContext context;
  const auto stream = stub().Watch(&context, WatchRequest(1000, absl::ZeroDuration(), std::string(1 << 20, 'x')));
  v1::WatchResponse item;
  ASSERT_TRUE(stream->Read(&item));  // The others fill the way here.
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  EXPECT_TRUE(HasFinished("CANCELLED"));
}

TEST_P(StreamEndsTest, AStreamOutOfTimeStopsWaiting) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(1)));
  const auto stream = stub().Exchange(&context);
  ExpectEcho(*stream, "before");
  ASSERT_TRUE(stream->Write(Message<v1::ExchangeRequest>("", absl::Minutes(1))));
  v1::ExchangeResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(HasFinished("DEADLINE_EXCEEDED"));
}

TEST_P(StreamEndsTest, AStreamOutOfTimeStopsReading) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(50)));
  v1::CollectResponse response;
  const auto stream = stub().Collect(&context, &response);
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(served().HasInFlight(0));
}

TEST_P(StreamEndsTest, AStreamOutOfTimeStopsWritingToAClientThatDoesNotRead) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(2)));
  const auto stream = stub().Watch(&context, WatchRequest(1000, absl::ZeroDuration(), std::string(1 << 20, 'x')));
  v1::WatchResponse item;
  ASSERT_TRUE(stream->Read(&item));  // The others fill the way here.
  EXPECT_TRUE(HasFinished("DEADLINE_EXCEEDED"));
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::DEADLINE_EXCEEDED);
}

TEST_P(StreamEndsTest, RefusesABadWatch) {
  grpc::ClientContext context;
  const grpc::Status status = stub().Watch(&context, v1::WatchRequest())->Finish();
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "count=0: must be from 1 to 1000000");
}

TEST_P(StreamEndsTest, ABadMessageInTheMiddleEndsTheStreamAndIsNamed) {
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

TEST_P(StreamEndsTest, AWaitThatFailsEndsTheStream) {
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

TEST_P(StreamEndsTest, AStreamGoesOnWithinTheGrace) {
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

TEST_P(StreamEndsTest, AShutdownEndsStreamsInEveryState) {
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
