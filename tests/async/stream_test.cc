// Streaming calls against gRPC's own client: order, ends, back-pressure, cancellation.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "async/server_call.h"
#include "async/when_all.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/async/stream_server.h"
#include "tests/async/test_server.h"
#include "tests/wait_until.h"

namespace meanwhile::async {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;
using v1::CollectRequest;
using v1::CollectResponse;
using v1::ExchangeRequest;
using v1::ExchangeResponse;
using v1::WatchRequest;
using v1::WatchResponse;

Task<grpc::Status> Echo(CallContext& /*call*/, StreamServer::Exchanged& stream) {
  ExchangeRequest request;
  ExchangeResponse response;
  while (co_await stream.Read(&request)) {
    response.set_payload(request.payload());
    if (!co_await stream.Write(response)) co_return grpc::Status(StatusCode::CANCELLED, "nobody reads");
  }
  co_return grpc::Status();
}

TEST(StreamTest, EveryMessageOfALongStreamIsAnsweredInOrder) {
  constexpr int kMessages = 20'000;
  StreamServer server;
  server.exchange = Echo;
  server.Start();
  grpc::ClientContext context;
  auto stream = server.stub().Exchange(&context);
  std::thread writer([&] {
    ExchangeRequest request;
    for (int i = 0; i < kMessages; ++i) {
      request.set_payload(std::to_string(i));
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
  });
  ExchangeResponse response;
  int answered = 0;
  while (stream->Read(&response)) {
    ASSERT_EQ(response.payload(), std::to_string(answered));
    ++answered;
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(answered, kMessages);
  server.Stop();
  EXPECT_EQ(server.observer.finished, std::vector{StatusCode::OK});
}

TEST(StreamTest, ABlockingHandlerReadsAndWritesOnAThreadOfThePool) {
  StreamServer server;
  std::atomic<bool> on_the_loop = false;
  server.blocking_exchange = [&](CallContext&, StreamServer::Exchanged& stream) {
    on_the_loop = std::this_thread::get_id() == server.loop_thread();
    ExchangeRequest request;
    ExchangeResponse response;
    while (stream.ReadBlocking(&request)) {
      response.set_payload(request.payload());
      if (!stream.WriteBlocking(response)) return grpc::Status(StatusCode::CANCELLED, "nobody reads");
    }
    return grpc::Status();
  };
  server.Start();
  grpc::ClientContext context;
  auto stream = server.stub().Exchange(&context);
  ExchangeRequest request;
  ExchangeResponse response;
  for (int i = 0; i < 100; ++i) {
    request.set_payload(std::to_string(i));
    ASSERT_TRUE(stream->Write(request));
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.payload(), std::to_string(i));
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  server.Stop();
  EXPECT_FALSE(on_the_loop);
  EXPECT_EQ(server.observer.finished, std::vector{StatusCode::OK});
}

TEST(StreamTest, ABlockedReadAndABlockedWriteEndWithTheirCall) {
  for (const bool writes : {false, true}) {
    StreamServer server;
    std::atomic<bool> reached = false;
    server.blocking_exchange = [&](CallContext&, StreamServer::Exchanged& stream) {
      reached = true;
      ExchangeRequest request;
      ExchangeResponse response;
      response.set_payload(std::string(1 << 20, 'x'));
      while (writes ? stream.WriteBlocking(response) : stream.ReadBlocking(&request)) {
      }
      return grpc::Status();
    };
    server.Start();
    grpc::ClientContext context;
    auto stream = server.stub().Exchange(&context);
    EXPECT_TRUE(WaitUntil([&] { return reached.load(); }));
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
    server.Stop();
    EXPECT_EQ(server.observer.finished, std::vector{StatusCode::CANCELLED}) << "the handler's OK reached nobody";
  }
}

TEST(StreamTest, AReadGivesFalseWhenTheClientHasNoMoreMessages) {
  StreamServer server;
  server.collect = [](CallContext&, ServerReader<CollectRequest>& messages,
                      CollectResponse* response) -> Task<grpc::Status> {
    CollectRequest message;
    while (co_await messages.Read(&message)) {
      response->set_count(response->count() + 1);
      response->set_bytes(response->bytes() + message.payload().size());
    }
    co_return grpc::Status();
  };
  server.Start();
  for (const std::uint32_t count : {0u, 1u, 50u}) {
    grpc::ClientContext context;
    CollectResponse response;
    auto stream = server.stub().Collect(&context, &response);
    CollectRequest message;
    message.set_payload("1234567");
    for (std::uint32_t i = 0; i < count; ++i) EXPECT_TRUE(stream->Write(message));
    EXPECT_TRUE(stream->WritesDone());
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_EQ(response.count(), count);
    EXPECT_EQ(response.bytes(), count * 7u);
  }
}

// The client reads nothing: the writer must come to a halt by itself, long before the end.
TEST(StreamTest, AClientThatDoesNotReadHoldsTheWriter) {
  constexpr int kItems = 20'000;
  std::atomic<int> written = 0;
  StreamServer server;
  server.watch = [&](CallContext&, const WatchRequest&, ServerWriter<WatchResponse>& items) -> Task<grpc::Status> {
    WatchResponse item;
    item.set_payload(std::string(10'000, 'x'));
    for (int i = 0; i < kItems; ++i) {
      item.set_index(i);
      if (!co_await items.Write(item)) co_return grpc::Status(StatusCode::CANCELLED, "nobody reads");
      ++written;
    }
    co_return grpc::Status();
  };
  server.Start();
  grpc::ClientContext context;
  auto stream = server.stub().Watch(&context, WatchRequest());
  // At a halt: not one more in a thousand turns of the loop.
  EXPECT_TRUE(WaitUntil([&] {
    const int before = written;
    for (int turn = 0; turn < 1000; ++turn) OnLoop(server.loop(), [] { return 0; });
    return before > 0 && before == written;
  }));
  EXPECT_LT(written, kItems / 2);
  WatchResponse item;
  std::uint32_t read = 0;
  while (stream->Read(&item)) {
    ASSERT_EQ(item.index(), read);
    ++read;
  }
  EXPECT_EQ(read, static_cast<std::uint32_t>(kItems));
  EXPECT_TRUE(stream->Finish().ok());
}

// What a handler that reads on for ever sees when the call ends early, and what is counted.
StatusCode CountedWhenTheClient(const std::function<void(grpc::ClientContext&)>& prepare,
                                const std::function<void(grpc::ClientContext&)>& end) {
  StreamServer server;
  std::promise<void> reading;
  server.exchange = [&](CallContext& call, StreamServer::Exchanged& stream) -> Task<grpc::Status> {
    ExchangeRequest request;
    if (!co_await stream.Read(&request)) co_return grpc::Status(StatusCode::DATA_LOSS, "no first message");
    reading.set_value();
    co_return co_await Echo(call, stream);
  };
  server.Start();
  grpc::ClientContext context;
  prepare(context);
  auto stream = server.stub().Exchange(&context);
  EXPECT_TRUE(stream->Write(ExchangeRequest()));
  reading.get_future().wait();
  end(context);
  ExchangeResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_FALSE(stream->Finish().ok());
  EXPECT_TRUE(WaitUntil([&] { return OnLoop(server.loop(), [&] { return server.observer.finished.size() == 1; }); }));
  server.Stop();
  return server.observer.finished.front();
}

TEST(StreamTest, ACancelWhileAReadWaitsEndsIt) {
  EXPECT_EQ(CountedWhenTheClient([](auto&) {}, [](grpc::ClientContext& context) { context.TryCancel(); }),
            StatusCode::CANCELLED);
}

TEST(StreamTest, ADeadlineWhileAReadWaitsEndsIt) {
  EXPECT_EQ(CountedWhenTheClient(
                [](grpc::ClientContext& context) { context.set_deadline(std::chrono::system_clock::now() + 200ms); },
                [](auto&) {}),
            StatusCode::DEADLINE_EXCEEDED);
}

TEST(StreamTest, ACancelWhileAWriteWaitsEndsIt) {
  std::atomic<int> written = 0;
  StreamServer server;
  server.watch = [&](CallContext& call, const WatchRequest&, ServerWriter<WatchResponse>& items) -> Task<grpc::Status> {
    WatchResponse item;
    item.set_payload(std::string(100'000, 'x'));
    while (co_await items.Write(item)) ++written;
    const grpc::Status slept = co_await call.loop().SleepFor(1h);  // The news of the end may be a moment behind.
    co_return slept;
  };
  server.Start();
  grpc::ClientContext context;
  auto stream = server.stub().Watch(&context, WatchRequest());
  EXPECT_TRUE(WaitUntil([&] { return written > 0; }));
  context.TryCancel();
  WatchResponse item;
  while (stream->Read(&item)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  server.Stop();
  EXPECT_EQ(server.observer.finished, std::vector{StatusCode::CANCELLED});
}

TEST(StreamTest, CancellingTheTaskThatReadsCancelsTheCall) {
  StreamServer server;
  CancellationSource source;
  std::promise<void> reading;
  std::promise<bool> read;
  server.exchange = [&](CallContext&, StreamServer::Exchanged& stream) -> Task<grpc::Status> {
    co_await AdoptCancellation(CancellationToken(&source));
    reading.set_value();
    ExchangeRequest request;
    read.set_value(co_await stream.Read(&request));
    co_return grpc::Status();
  };
  server.Start();
  grpc::ClientContext context;
  auto stream = server.stub().Exchange(&context);
  reading.get_future().wait();
  OnLoop(server.loop(), [&] {
    source.Cancel();
    return 0;
  });
  EXPECT_FALSE(read.get_future().get());
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  server.Stop();
}

TEST(StreamTest, AReadAfterTheEndGivesFalseAtOnce) {
  StreamServer server;
  std::promise<std::vector<bool>> read;
  server.exchange = [&](CallContext& call, StreamServer::Exchanged& stream) -> Task<grpc::Status> {
    co_await call.loop().SleepFor(1h);
    ExchangeRequest request;
    std::vector<bool> results;
    for (int i = 0; i < 3; ++i) results.push_back(co_await stream.Read(&request));
    ExchangeResponse response;
    results.push_back(co_await stream.Write(response));
    read.set_value(results);
    co_return grpc::Status();
  };
  server.Start();
  grpc::ClientContext context;
  auto stream = server.stub().Exchange(&context);
  EXPECT_TRUE(stream->Write(ExchangeRequest()));
  EXPECT_TRUE(WaitUntil([&] { return OnLoop(server.loop(), [&] { return server.observer.started == 1; }); }));
  context.TryCancel();
  EXPECT_EQ(read.get_future().get(), std::vector<bool>(4, false));
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
}

TEST(StreamTest, OneTaskReadsWhileAnotherWrites) {
  constexpr int kMessages = 500;
  StreamServer server;
  int read = 0;
  server.exchange = [&](CallContext& call, StreamServer::Exchanged& stream) -> Task<grpc::Status> {
    auto reader = [&]() -> Task<grpc::Status> {
      ExchangeRequest request;
      while (co_await stream.Read(&request)) ++read;
      co_return grpc::Status();
    };
    auto writer = [&]() -> Task<grpc::Status> {
      ExchangeResponse response;
      for (int i = 0; i < kMessages; ++i) {
        if (!co_await stream.Write(response)) co_return grpc::Status(StatusCode::DATA_LOSS, "a write failed");
      }
      co_return grpc::Status();
    };
    const auto [reads, writes] = co_await WhenAll(call.loop(), reader(), writer());
    co_return reads.ok() ? writes : reads;
  };
  server.Start();
  grpc::ClientContext context;
  auto stream = server.stub().Exchange(&context);
  ExchangeResponse response;
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_TRUE(stream->Read(&response));
    ASSERT_TRUE(stream->Write(ExchangeRequest()));
  }
  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
  server.Stop();
  EXPECT_EQ(read, kMessages);
}

TEST(StreamTest, ShutdownEndsStreamsInEveryState) {
  StreamServer server;
  std::atomic<int> entered = 0;
  server.watch = [&](CallContext&, const WatchRequest&, ServerWriter<WatchResponse>& items) -> Task<grpc::Status> {
    ++entered;
    WatchResponse item;
    item.set_payload(std::string(100'000, 'x'));
    while (co_await items.Write(item)) {
    }
    co_return grpc::Status(StatusCode::CANCELLED, "stopped");
  };
  server.exchange = [&](CallContext& call, StreamServer::Exchanged& stream) -> Task<grpc::Status> {
    ++entered;
    co_return co_await Echo(call, stream);
  };
  server.Start();
  grpc::ClientContext watching, exchanging;
  auto watched = server.stub().Watch(&watching, WatchRequest());
  auto exchanged = server.stub().Exchange(&exchanging);
  EXPECT_TRUE(WaitUntil([&] { return entered == 2; }));
  server.Stop();
  WatchResponse item;
  while (watched->Read(&item)) {
  }
  EXPECT_FALSE(watched->Finish().ok());
  EXPECT_FALSE(exchanged->Finish().ok());
  EXPECT_EQ(server.observer.finished, (std::vector{StatusCode::CANCELLED, StatusCode::CANCELLED}));
}

}  // namespace
}  // namespace meanwhile::async
