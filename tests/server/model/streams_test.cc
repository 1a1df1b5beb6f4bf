// Every model sends and takes the messages of streams in the same way.

#include "tests/server/model/streams.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "client/wait_flag.h"

namespace meanwhile {
namespace {

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

// A message may wait for anything that a Fetch may.
TEST_P(StreamsTest, MessagesWaitForEverySlowThing) {
  std::string data_dir = testing::TempDir() + "/streams.XXXXXX";
  ASSERT_NE(mkdtemp(data_dir.data()), nullptr);
  ServedModel other(ModelKind::kAsync);
  ServerOptions options = ServedModel::SmallServer(GetParam());
  options.data_dir = data_dir;
  options.remote = other.target();
  ServedModel served(options);
  ChannelPool channels({.target = served.target()});
  const auto stub = v1::Meanwhile::NewStub(channels.channel(0));

  grpc::ClientContext context;
  const auto stream = stub->Exchange(&context);
  for (const char* wait : {"file-write:note=written", "file-read:note", "store:key=value", "query:key", "remote"}) {
    v1::ExchangeRequest message;
    *message.mutable_wait() = *ParseWait("wait", wait);
    ASSERT_TRUE(stream->Write(message));
    v1::ExchangeResponse answer;
    ASSERT_TRUE(stream->Read(&answer)) << wait;
  }
  v1::ExchangeRequest message;
  *message.mutable_wait() = *ParseWait("wait", "query:no such key");
  ASSERT_TRUE(stream->Write(message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
  std::string written;
  EXPECT_TRUE(std::getline(std::ifstream(data_dir + "/note"), written));
  EXPECT_EQ(written, "written");
  EXPECT_TRUE(other.HasFinished("OK", 1));
}

}  // namespace
}  // namespace meanwhile
