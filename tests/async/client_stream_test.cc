// What is particular to calls that stream, from a client's loop to a server's loop, in one process, over loopback.

#include "async/client_stream.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include "async/event_loop.h"
#include "async/timeout.h"
#include "async/when_all.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/async/run_client.h"
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
using Stub = v1::Meanwhile::Stub;

class ClientStreamTest : public testing::Test {
 protected:
  void Run(std::function<Task<>()> body) { RunClient(loop_, body); }

  // Calls Exchange with a body.
  template <typename Body>
  Task<grpc::Status> Exchange(Body body) {
    grpc::ClientContext context;
    co_return co_await CallBidirectional(loop_, server_.stub(), &Stub::PrepareAsyncExchange, context, body);
  }
  template <typename Body>
  Task<grpc::Status> Watch(WatchRequest request, Body body) {
    grpc::ClientContext context;
    co_return co_await CallServerStreaming(loop_, server_.stub(), &Stub::PrepareAsyncWatch, context, request, body);
  }
  template <typename Body>
  Task<grpc::Status> Collect(CollectResponse* response, Body body) {
    grpc::ClientContext context;
    co_return co_await CallClientStreaming(loop_, server_.stub(), &Stub::PrepareAsyncCollect, context, response, body);
  }

  // Serves Watch with so many items as the request says, or for ever if it says 0.
  void ServeItems() {
    server_.watch = [](CallContext& call, const WatchRequest& request,
                       ServerWriter<WatchResponse>& items) -> Task<grpc::Status> {
      WatchResponse item;
      for (std::uint32_t index = 0; request.count() == 0 || index < request.count(); ++index) {
        item.set_index(index);
        if (!co_await items.Write(item)) co_return (co_await call.loop().SleepFor(1h));
      }
      co_return grpc::Status();
    };
  }
  void ServeEcho() {
    server_.exchange = [](CallContext&, StreamServer::Exchanged& stream) -> Task<grpc::Status> {
      ExchangeRequest request;
      ExchangeResponse response;
      while (co_await stream.Read(&request)) {
        response.set_payload(request.payload());
        if (!co_await stream.Write(response)) co_return grpc::Status(StatusCode::CANCELLED, "nobody reads");
      }
      co_return grpc::Status();
    };
  }

  using Exchanged = ClientReaderWriter<ExchangeRequest, ExchangeResponse>;

  StreamServer server_;
  EventLoop loop_;
};

TEST_F(ClientStreamTest, EveryItemIsReadInOrder) {
  ServeItems();
  server_.Start();
  Run([&]() -> Task<> {
    for (const std::uint32_t count : {1u, 5'000u}) {
      WatchRequest request;
      request.set_count(count);
      std::uint32_t read = 0;
      const grpc::Status status = co_await Watch(request, [&](ClientReader<WatchResponse>& items) -> Task<> {
        WatchResponse item;
        while (co_await items.Read(&item)) EXPECT_EQ(item.index(), read++);
        EXPECT_FALSE(co_await items.Read(&item)) << "it goes on after the end";
      });
      EXPECT_TRUE(status.ok()) << status.error_message();
      EXPECT_EQ(read, count);
    }
  });
}

TEST_F(ClientStreamTest, ABodyThatLeavesWhileThereIsMoreToReadCancelsTheCall) {
  ServeItems();
  server_.Start();
  Run([&]() -> Task<> {
    const grpc::Status status = co_await Watch(WatchRequest(), [](ClientReader<WatchResponse>& items) -> Task<> {
      WatchResponse item;
      EXPECT_TRUE(co_await items.Read(&item));
    });
    EXPECT_EQ(status.error_code(), StatusCode::CANCELLED);
  });
  EXPECT_TRUE(WaitUntil([&] { return OnLoop(server_.loop(), [&] { return server_.observer.finished.size() == 1; }); }));
}

TEST_F(ClientStreamTest, ABodyThatThrowsCancelsTheCallAndTheExceptionIsThrownAgain) {
  ServeItems();
  ServeEcho();
  server_.collect = [](CallContext& call, ServerReader<CollectRequest>&, CollectResponse*) -> Task<grpc::Status> {
    co_return co_await call.loop().SleepFor(1h);
  };
  server_.Start();
  int caught = 0;
  auto fail = [this]() -> Task<> {
    co_await loop_.SleepFor(1ms);
    throw std::runtime_error("broken");
  };
  Run([&]() -> Task<> {
    CollectResponse response;
    try {
      co_await Watch(WatchRequest(), [&](ClientReader<WatchResponse>&) { return fail(); });
    } catch (const std::runtime_error&) {
      ++caught;
    }
    try {
      co_await Collect(&response, [&](ClientWriter<CollectRequest>&) { return fail(); });
    } catch (const std::runtime_error&) {
      ++caught;
    }
    try {
      co_await Exchange([&](Exchanged&) { return fail(); });
    } catch (const std::runtime_error&) {
      ++caught;
    }
  });
  EXPECT_EQ(caught, 3);
}

TEST_F(ClientStreamTest, ABodysOwnFailureIsGivenInsteadOfTheCallsStatus) {
  ServeItems();
  server_.Start();
  Run([&]() -> Task<> {
    const grpc::Status status = co_await Watch(WatchRequest(), [](ClientReader<WatchResponse>&) -> Task<grpc::Status> {
      co_return grpc::Status(StatusCode::DATA_LOSS, "not what I wanted");
    });
    EXPECT_EQ(status.error_code(), StatusCode::DATA_LOSS);
  });
}

TEST_F(ClientStreamTest, TheReturnOfTheBodyIsTheHalfCloseAndTheResponseIsThere) {
  server_.collect = [](CallContext&, ServerReader<CollectRequest>& messages,
                       CollectResponse* response) -> Task<grpc::Status> {
    CollectRequest message;
    while (co_await messages.Read(&message)) response->set_count(response->count() + 1);
    co_return grpc::Status();
  };
  server_.Start();
  Run([&]() -> Task<> {
    for (const std::uint32_t count : {0u, 1u, 1'000u}) {
      CollectResponse response;
      const grpc::Status status =
          co_await Collect(&response, [count](ClientWriter<CollectRequest>& messages) -> Task<> {
            const CollectRequest message;
            for (std::uint32_t i = 0; i < count; ++i) EXPECT_TRUE(co_await messages.Write(message));
          });
      EXPECT_TRUE(status.ok()) << status.error_message();
      EXPECT_EQ(response.count(), count);
    }
  });
}

// The server answers early, and the client is still writing.
TEST_F(ClientStreamTest, AWriteGivesFalseWhenTheServerHasEndedTheCallAndItsStatusIsTold) {
  server_.collect = [](CallContext&, ServerReader<CollectRequest>&, CollectResponse*) -> Task<grpc::Status> {
    co_return grpc::Status(StatusCode::OUT_OF_RANGE, "enough");
  };
  server_.exchange = [](CallContext&, StreamServer::Exchanged& stream) -> Task<grpc::Status> {
    const ExchangeResponse response;
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(co_await stream.Write(response));
    co_return grpc::Status(StatusCode::OUT_OF_RANGE, "enough");
  };
  server_.Start();
  Run([&]() -> Task<> {
    CollectResponse response;
    const grpc::Status collected = co_await Collect(&response, [](ClientWriter<CollectRequest>& messages) -> Task<> {
      const CollectRequest message;
      while (co_await messages.Write(message)) {
      }
    });
    EXPECT_EQ(collected.error_message(), "enough");
    // Three answers are unread: they do not hide the status.
    const grpc::Status exchanged = co_await Exchange([](Exchanged& stream) -> Task<> {
      const ExchangeRequest message;
      while (co_await stream.Write(message)) {
      }
    });
    EXPECT_EQ(exchanged.error_message(), "enough");
  });
}

TEST_F(ClientStreamTest, ABidirectionalStreamGoesToAndFroUntilTheHalfClose) {
  ServeEcho();
  server_.Start();
  Run([&]() -> Task<> {
    int answered = 0;
    const grpc::Status status = co_await Exchange([&](Exchanged& stream) -> Task<> {
      ExchangeRequest request;
      ExchangeResponse response;
      for (int i = 0; i < 1'000; ++i) {
        request.set_payload(std::to_string(i));
        EXPECT_TRUE(co_await stream.Write(request));
        EXPECT_TRUE(co_await stream.Read(&response));
        EXPECT_EQ(response.payload(), request.payload());
        ++answered;
      }
      EXPECT_TRUE(co_await stream.WritesDone());
      EXPECT_FALSE(co_await stream.Read(&response));
    });
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(answered, 1'000);
  });
}

TEST_F(ClientStreamTest, OneTaskReadsWhileAnotherWrites) {
  constexpr int kMessages = 2'000;
  ServeEcho();
  server_.Start();
  int read = 0;
  Run([&]() -> Task<> {
    const grpc::Status status = co_await Exchange([&](Exchanged& stream) -> Task<grpc::Status> {
      auto reader = [&]() -> Task<grpc::Status> {
        ExchangeResponse response;
        while (co_await stream.Read(&response)) ++read;
        co_return grpc::Status();
      };
      auto writer = [&]() -> Task<grpc::Status> {
        const ExchangeRequest request;
        for (int i = 0; i < kMessages; ++i) EXPECT_TRUE(co_await stream.Write(request));
        EXPECT_TRUE(co_await stream.WritesDone());
        co_return grpc::Status();
      };
      const auto [reads, writes] = co_await WhenAll(loop_, reader(), writer());
      co_return reads.ok() ? writes : reads;
    });
    EXPECT_TRUE(status.ok()) << status.error_message();
  });
  EXPECT_EQ(read, kMessages);
}

TEST_F(ClientStreamTest, ATimeoutOfOneReadCancelsTheCall) {
  server_.exchange = [](CallContext& call, StreamServer::Exchanged&) -> Task<grpc::Status> {
    co_return co_await call.loop().SleepFor(1h);
  };
  server_.Start();
  Run([&]() -> Task<> {
    bool read = true;
    const grpc::Status status = co_await Exchange([&](Exchanged& stream) -> Task<> {
      ExchangeResponse response;
      auto wait = [&]() -> Task<bool> { co_return co_await stream.Read(&response); };
      read = co_await WithTimeout(loop_, 10ms, wait());
    });
    EXPECT_FALSE(read);
    EXPECT_EQ(status.error_code(), StatusCode::CANCELLED);
  });
}

// The body waits for something else than the stream.
TEST_F(ClientStreamTest, ACancelReachesABodyThatSleeps) {
  ServeEcho();
  server_.Start();
  Run([&]() -> Task<> {
    StatusCode slept = StatusCode::OK;
    auto exchange = [&](Exchanged&) -> Task<> { slept = (co_await loop_.SleepFor(1h)).error_code(); };
    Task<grpc::Status> call = Exchange(exchange);
    const grpc::Status status = co_await WithTimeout(loop_, 30ms, std::move(call));
    EXPECT_EQ(slept, StatusCode::DEADLINE_EXCEEDED);
    EXPECT_EQ(status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  });
}

}  // namespace
}  // namespace meanwhile::async
