// The table of docs/idea.md: a test by the name of each row, which runs the real thing, server processes. Here what
// goes over the network: messages that a handler waits for, and messages that it waits to get rid of.

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/e2e/caller.h"
#include "tests/server/server_process.h"

namespace meanwhile {
namespace {

TEST(IdeaTableTest, DataFromTheClientOverTheNetwork) {
  ServerProcess server({"--loops=1", "--backend=constant:1ms"});
  Caller caller(server.target());
  grpc::ClientContext context;
  v1::CollectResponse response;
  const auto stream = caller.stub().Collect(&context, &response);
  v1::CollectRequest message;
  message.set_payload("from far away");
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(stream->Write(message));
    ASSERT_TRUE(server.HasInFlight(1));
    // The handler waits for the next message; the loop does not.
    caller.Fetch("simulated:1ms");
    EXPECT_TRUE(caller.ok()) << caller.error();
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(response.count(), 5u);
  EXPECT_EQ(response.bytes(), 65u);
}

// The client reads one item and then nothing for a while. The handler waits until the next is taken, so that the others
// are not there yet: not even in memory.
TEST(IdeaTableTest, DataSentToTheClient) {
  constexpr std::uint32_t kItems = 1000;
  constexpr std::size_t kItemBytes = 256 << 10;
  for (const char* model : {"async", "callback", "thread", "pool"}) {
    ServerProcess server({absl::StrCat("--model=", model), "--loops=1", "--backend=constant:1ms"});
    Caller caller(server.target());
    caller.Fetch("simulated:1ms");
    const std::uint64_t resident_before = server.Stats().resident_bytes();

    v1::WatchRequest request;
    request.set_count(kItems);
    request.mutable_wait()->mutable_simulated()->mutable_constant();
    request.set_payload(std::string(kItemBytes, 'x'));
    grpc::ClientContext context;
    const auto stream = caller.stub().Watch(&context, request);
    v1::WatchResponse item;
    ASSERT_TRUE(stream->Read(&item));
    Caller other(server.target());
    for (int i = 0; i < 200; ++i) {
      other.Fetch("simulated:1ms");
      EXPECT_TRUE(other.ok()) << other.error();
    }
    const v1::GetServerStatsResponse stats = server.Stats();
    EXPECT_EQ(stats.in_flight(), 1u) << model;
    EXPECT_LT(stats.peak_resident_bytes(), resident_before + kItems * kItemBytes / 3) << model;

    std::uint32_t count = 1;
    while (stream->Read(&item)) count += item.index() == count && item.payload().size() == kItemBytes ? 1 : 0;
    EXPECT_EQ(count, kItems) << model;
    EXPECT_TRUE(stream->Finish().ok()) << model;
  }
}

TEST(IdeaTableTest, LongLivedSockets) {
  constexpr std::size_t kStreams = 200;
  ServerProcess server({"--loops=1", "--reflection=false"});
  Caller caller(server.target());
  struct Conversation {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReaderWriter<v1::ExchangeRequest, v1::ExchangeResponse>> stream;
  };
  std::deque<Conversation> conversations(kStreams);
  for (Conversation& one : conversations) one.stream = caller.stub().Exchange(&one.context);
  // Each is answered, then sits there while the others are, and is answered again.
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < kStreams; ++i) {
      v1::ExchangeRequest message;
      message.set_payload(absl::StrCat("round ", round, " of ", i));
      message.mutable_wait()->mutable_simulated()->mutable_constant();
      ASSERT_TRUE(conversations[i].stream->Write(message));
      v1::ExchangeResponse answer;
      ASSERT_TRUE(conversations[i].stream->Read(&answer));
      EXPECT_EQ(answer.payload(), message.payload());
    }
    EXPECT_TRUE(server.HasInFlight(kStreams)) << "they are still open";
  }
  EXPECT_LE(server.Stats().peak_threads(), std::thread::hardware_concurrency() + 16);
  for (Conversation& one : conversations) {
    one.stream->WritesDone();
    EXPECT_TRUE(one.stream->Finish().ok());
  }
}

}  // namespace
}  // namespace meanwhile
