// What holds for calls of every kind, from a client's loop to a server's loop, in one process, over loopback.

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "async/client_call.h"
#include "async/client_stream.h"
#include "async/event_loop.h"
#include "async/timeout.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/async/run_client.h"
#include "tests/async/stream_server.h"
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

// A kind serves a call with a coroutine that knows nothing of messages, and makes a
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

}  // namespace
}  // namespace meanwhile::async
