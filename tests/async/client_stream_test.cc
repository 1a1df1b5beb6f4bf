// Calls of every kind from a client's loop to a server's loop, in one process, over loopback.

#include "async/client_stream.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "async/client_call.h"
#include "async/event_loop.h"
#include "async/timeout.h"
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
using Stub = v1::Meanwhile::Stub;

// Runs what a client does on a loop of its own until it has ended, under `source`.
template <typename Body>
void RunClient(EventLoop& loop, Body& body, CancellationSource* source = nullptr) {
  auto run = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(source));
    co_await body();
  };
  loop.Spawn(run());
  loop.Stop();
  loop.Run();
}

// What holds for calls of every kind. A kind serves a call with a coroutine that knows nothing of messages, and makes a
// call that goes through to the end.

using Behaviour = std::function<Task<grpc::Status>(CallContext&)>;

class Unary {
 public:
  static void ServeWith(StreamServer& server, const Behaviour& behave) {
    server.fetch = [behave](CallContext& call, const v1::FetchRequest&, v1::FetchResponse*) { return behave(call); };
  }
  static Task<grpc::Status> Call(EventLoop& loop, Stub& stub, grpc::ClientContext& context) {
    v1::FetchRequest request;
    v1::FetchResponse response;
    co_return co_await CallUnary(loop, stub, &Stub::PrepareAsyncFetch, context, request, &response);
  }
};

class ServerStreaming {
 public:
  static void ServeWith(StreamServer& server, const Behaviour& behave) {
    server.watch = [behave](CallContext& call, const WatchRequest&, ServerWriter<WatchResponse>&) {
      return behave(call);
    };
  }
  static Task<grpc::Status> Call(EventLoop& loop, Stub& stub, grpc::ClientContext& context) {
    const WatchRequest request;
    auto read = [](ClientReader<WatchResponse>& items) -> Task<> {
      WatchResponse item;
      while (co_await items.Read(&item)) {
      }
    };
    co_return co_await CallServerStreaming(loop, stub, &Stub::PrepareAsyncWatch, context, request, read);
  }
};

class ClientStreaming {
 public:
  static void ServeWith(StreamServer& server, const Behaviour& behave) {
    server.collect = [behave](CallContext& call, ServerReader<CollectRequest>&, CollectResponse*) {
      return behave(call);
    };
  }
  static Task<grpc::Status> Call(EventLoop& loop, Stub& stub, grpc::ClientContext& context) {
    CollectResponse response;
    auto write = [](ClientWriter<CollectRequest>& messages) -> Task<> {
      const CollectRequest message;
      static_cast<void>(co_await messages.Write(message));
    };
    co_return co_await CallClientStreaming(loop, stub, &Stub::PrepareAsyncCollect, context, &response, write);
  }
};

class Bidirectional {
 public:
  static void ServeWith(StreamServer& server, const Behaviour& behave) {
    server.exchange = [behave](CallContext& call, StreamServer::Exchanged&) { return behave(call); };
  }
  static Task<grpc::Status> Call(EventLoop& loop, Stub& stub, grpc::ClientContext& context) {
    auto exchange = [](ClientReaderWriter<ExchangeRequest, ExchangeResponse>& stream) -> Task<> {
      const ExchangeRequest request;
      ExchangeResponse response;
      static_cast<void>(co_await stream.Write(request));
      static_cast<void>(co_await stream.WritesDone());
      while (co_await stream.Read(&response)) {
      }
    };
    co_return co_await CallBidirectional(loop, stub, &Stub::PrepareAsyncExchange, context, exchange);
  }
};

template <typename Kind>
class ClientCallOfAnyKindTest : public testing::Test {
 protected:
  // Starts the server, with handlers that do this.
  void Serve(const Behaviour& behave) {
    Kind::ServeWith(server_, behave);
    server_.Start();
  }

  // Makes one call and gives how it ended.
  grpc::Status Call(CancellationSource* source = nullptr, std::optional<std::chrono::milliseconds> timeout = {}) {
    EventLoop loop;
    grpc::Status status;
    auto body = [&]() -> Task<> {
      grpc::ClientContext context;
      if (timeout) context.set_deadline(std::chrono::system_clock::now() + *timeout);
      status = co_await Kind::Call(loop, server_.stub(), context);
    };
    RunClient(loop, body, source);
    return status;
  }

  // The same, cancelled with this reason as soon as `condition` holds.
  grpc::Status CallCancelledWhen(const std::atomic<bool>& condition, StatusCode reason) {
    EventLoop loop;
    CancellationSource source;
    grpc::Status status;
    auto cancel = [&]() -> Task<> {
      while (!condition) co_await loop.SleepFor(1ms);
      source.Cancel(reason);
    };
    auto body = [&]() -> Task<> {
      grpc::ClientContext context;
      status = co_await Kind::Call(loop, server_.stub(), context);
    };
    loop.Spawn(cancel());
    RunClient(loop, body, &source);
    return status;
  }

  StreamServer server_;
};

using Kinds = testing::Types<Unary, ServerStreaming, ClientStreaming, Bidirectional>;
TYPED_TEST_SUITE(ClientCallOfAnyKindTest, Kinds);

TYPED_TEST(ClientCallOfAnyKindTest, GivesTheServersStatus) {
  for (const grpc::Status& wanted : {grpc::Status(), grpc::Status(StatusCode::NOT_FOUND, "nothing here")}) {
    StreamServer server;
    TypeParam::ServeWith(server, [&](CallContext&) -> Task<grpc::Status> { co_return wanted; });
    server.Start();
    EventLoop loop;
    grpc::Status status(StatusCode::UNKNOWN, "");
    auto body = [&]() -> Task<> {
      grpc::ClientContext context;
      status = co_await TypeParam::Call(loop, server.stub(), context);
    };
    RunClient(loop, body);
    EXPECT_EQ(status.error_code(), wanted.error_code()) << status.error_message();
    EXPECT_EQ(status.error_message(), wanted.error_message());
  }
}

TYPED_TEST(ClientCallOfAnyKindTest, GivesInternalWhenTheHandlerThrows) {
  this->Serve([](CallContext& call) -> Task<grpc::Status> {
    co_await call.loop().SleepFor(1ms);
    throw std::runtime_error("broken");
  });
  EXPECT_EQ(this->Call().error_code(), StatusCode::INTERNAL);
}

TYPED_TEST(ClientCallOfAnyKindTest, GivesUnavailableWhenThereIsNoServer) {
  auto stub =
      v1::Meanwhile::NewStub(grpc::CreateChannel("unix:/nonexistent/socket", grpc::InsecureChannelCredentials()));
  EventLoop loop;
  grpc::Status status;
  auto body = [&]() -> Task<> {
    grpc::ClientContext context;
    status = co_await TypeParam::Call(loop, *stub, context);
  };
  RunClient(loop, body);
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
}

TYPED_TEST(ClientCallOfAnyKindTest, EndsWhileItWaitsForAServerThatIsNotThere) {
  auto stub =
      v1::Meanwhile::NewStub(grpc::CreateChannel("unix:/nonexistent/socket", grpc::InsecureChannelCredentials()));
  EventLoop loop;
  grpc::Status status;
  auto body = [&]() -> Task<> {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    Task<grpc::Status> call = TypeParam::Call(loop, *stub, context);
    status = co_await WithTimeout(loop, 30ms, std::move(call));
  };
  RunClient(loop, body);
  EXPECT_EQ(status.error_code(), StatusCode::DEADLINE_EXCEEDED);
}

TYPED_TEST(ClientCallOfAnyKindTest, EndsAtTheDeadlineOfItsContext) {
  this->Serve([](CallContext& call) -> Task<grpc::Status> { co_return co_await call.loop().SleepFor(1h); });
  EXPECT_EQ(this->Call(nullptr, 50ms).error_code(), StatusCode::DEADLINE_EXCEEDED);
}

TYPED_TEST(ClientCallOfAnyKindTest, CancellingTheCoroutineCancelsTheCallAtTheServerTooAndTheReasonIsTold) {
  std::atomic<bool> entered = false;
  std::promise<StatusCode> ended;
  this->Serve([&](CallContext& call) -> Task<grpc::Status> {
    entered = true;
    grpc::Status slept = co_await call.loop().SleepFor(1h);
    ended.set_value(slept.error_code());
    co_return slept;
  });
  EXPECT_EQ(this->CallCancelledWhen(entered, StatusCode::DEADLINE_EXCEEDED).error_code(),
            StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(ended.get_future().get(), StatusCode::CANCELLED);
}

TYPED_TEST(ClientCallOfAnyKindTest, OneThatIsCancelledAlreadyCallsNobody) {
  this->Serve([](CallContext&) -> Task<grpc::Status> { co_return grpc::Status(); });
  CancellationSource source;
  source.Cancel(StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(this->Call(&source).error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(this->Call().ok());
  this->server_.Stop();
  EXPECT_EQ(this->server_.observer.started, 1);
}

TYPED_TEST(ClientCallOfAnyKindTest, TheDeadlineOfTheCoroutineReachesTheServer) {
  std::promise<TimePoint> told;
  this->Serve([&](CallContext& call) -> Task<grpc::Status> {
    told.set_value(call.token().deadline());
    co_return grpc::Status();
  });
  EventLoop loop;
  const TimePoint before = loop.Now();
  auto body = [&]() -> Task<> {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 10h);
    Task<grpc::Status> call = TypeParam::Call(loop, this->server_.stub(), context);
    const grpc::Status status = co_await WithTimeout(loop, 1h, std::move(call));
    EXPECT_TRUE(status.ok()) << status.error_message();
  };
  RunClient(loop, body);
  const Duration time_left = told.get_future().get() - before;
  EXPECT_GT(time_left, 59min);
  EXPECT_LT(time_left, 2h) << "it has the context's deadline, which is later";
}

TYPED_TEST(ClientCallOfAnyKindTest, AServerThatStopsEndsIt) {
  std::atomic<bool> entered = false;
  this->Serve([&](CallContext& call) -> Task<grpc::Status> {
    entered = true;
    co_return co_await call.loop().SleepFor(1h);
  });
  std::thread stop([&] {
    EXPECT_TRUE(WaitUntil([&] { return entered.load(); }));
    this->server_.Stop();
  });
  EXPECT_FALSE(this->Call().ok());
  stop.join();
}

// What is particular to a kind.

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
