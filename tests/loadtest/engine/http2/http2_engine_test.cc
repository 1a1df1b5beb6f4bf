// The engine against a server that says what a test wants it to say.

#include "loadtest/engine/http2/http2_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "loadtest/engine/http2/gzip.h"
#include "tests/loadtest/engine/http2/engine_test.h"
#include "tests/loadtest/engine/http2/frames.h"
#include "tests/loadtest/engine/http2/scripted_server.h"
#include "tests/loadtest/engine/http2/sent_calls.h"
#include "tests/wait_until.h"

namespace meanwhile::http2 {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::SizeIs;

using Http2EngineTest = EngineTest;

TEST_F(Http2EngineTest, SendsACallAndTakesItsAnswer) {
  Request seen;
  ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
    seen = request;
    peer.Send(GoodAnswer(request.stream, "hello"));
  }});
  EXPECT_THAT(Run(server, {.total = 10, .timeout = absl::Seconds(20)}), AllOf(SizeIs(10), Each(kGoodCall)));
  EXPECT_EQ(seen.Header("grpc-timeout"), "20000000u") << "the same each time, so that HPACK has it in its table";
  EXPECT_EQ(seen.Header(":method"), "POST");
  EXPECT_EQ(seen.Header(":path"), "/test.Service/Method");
  EXPECT_EQ(seen.Header(":authority"), server.target());
  EXPECT_EQ(seen.Header("te"), "trailers");
  EXPECT_EQ(seen.Header("content-type"), "application/grpc");
  EXPECT_EQ(seen.body, Framed("hello"));
}

TEST_F(Http2EngineTest, KeepsAsManyConnectionsAsItIsToldEachASocket) {
  std::set<std::size_t> connections;
  ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
    connections.insert(request.connection);
    peer.Send(GoodAnswer(request.stream, "hello"));
  }});
  Prepare(server, {.connections = 5, .slots = 10, .total = 100});
  for (std::size_t i = 0; i < 5; ++i) EXPECT_FALSE(engine_->is_connected(i)) << i;
  EXPECT_TRUE(engine_->Connect(std::chrono::steady_clock::now() + std::chrono::seconds(30)));
  for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(engine_->is_connected(i)) << i;
  EXPECT_THAT(Run(), AllOf(SizeIs(100), Each(kGoodCall)));
  EXPECT_EQ(server.connections(), 5u);
  EXPECT_THAT(connections, SizeIs(5));
}

TEST_F(Http2EngineTest, CallsOverASocketOfTheFileSystem) {
  ScriptedServer server({}, "http2_engine_test.socket");
  EXPECT_THAT(Run(server, {.slots = 3, .total = 10}), AllOf(SizeIs(10), Each(kGoodCall)));
}

TEST_F(Http2EngineTest, PutsAnswersTogetherHoweverTheyAreSplit) {
  ScriptedServer server({.on_request = [](Peer& peer, const Request& request) {
    const int32_t stream = request.stream;
    peer.Send(HeadersFrame(stream, kGoodHeaders));
    for (const char byte : Framed("hello")) peer.Send(DataFrame(stream, std::string(1, byte)));
    peer.Send(DataFrame(stream, "") + HeadersFrame(stream, kOkTrailers, true));
  }});
  EXPECT_THAT(Run(server, {.total = 3}), ElementsAre(kGoodCall, kGoodCall, kGoodCall));
}

TEST_F(Http2EngineTest, TellsStatusMessageAndDetails) {
  ScriptedServer server({.on_request = [](Peer& peer, const Request& request) {
    peer.Send(HeadersFrame(request.stream,
                           {{":status", "200"},
                            {"content-type", "application/grpc"},
                            {"grpc-status", "5"},
                            {"grpc-message", "no%20%C3%A4"},
                            {"grpc-status-details-bin", "CAU"}},
                           true));
  }});
  EXPECT_THAT(Run(server), ElementsAre(SentCall{StatusCode::kNotFound, "no ä", "\x08\x05", {}}));
}

TEST_F(Http2EngineTest, TellsAMessageThatBeginsOrEndsWithASpace) {
  ScriptedServer server({.on_request = [](Peer& peer, const Request& request) {
    peer.Send(HeadersFrame(
        request.stream,
        {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "5"}, {"grpc-message", " no such "}},
        true));
  }});
  EXPECT_THAT(Run(server), ElementsAre(EndsWith(StatusCode::kNotFound, " no such ")));
}

TEST_F(Http2EngineTest, EndsACallAtItsDeadlineAndResetsItsStream) {
  ScriptedServer server({.on_request = [](Peer&, const Request&) {}});
  Prepare(server, {.slots = 2, .total = 4, .timeout = absl::Milliseconds(50)});
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(Run(), AllOf(SizeIs(4), Each(EndsWith(StatusCode::kDeadlineExceeded, "Deadline Exceeded"))));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(100));
  EXPECT_TRUE(WaitUntil([&] { return server.resets().size() >= 2; }));
  for (const auto& [stream, error] : server.resets()) EXPECT_EQ(error, NGHTTP2_CANCEL);
}

TEST_F(Http2EngineTest, CancelsWhatIsInFlight) {
  ScriptedServer server({.on_request = [](Peer&, const Request&) {}});
  Prepare(server, {.slots = 3, .total = 3});
  calls_->on_tick = [&] {
    if (server.requests() == 3) engine_->CancelCalls();
  };
  EXPECT_THAT(Run(), AllOf(SizeIs(3), Each(EndsWith(StatusCode::kCancelled, "CANCELLED"))));
}

TEST_F(Http2EngineTest, OpensNoMoreStreamsThanTheServerAllowsAndCountsTheCallsThatWait) {
  std::set<int32_t> open;
  std::size_t most_open = 0;
  ScriptedServer server({.on_connect =
                             [](Peer& peer) {
                               peer.Send(SettingsFrame({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 3}}));
                             },
                         .on_request =
                             [&](Peer& peer, const Request& request) {
                               open.insert(request.stream);
                               most_open = std::max(most_open, open.size());
                               if (open.size() < 3) return;
                               for (const int32_t stream : open) peer.Send(GoodAnswer(stream, "hello"));
                               open.clear();
                             }});
  EXPECT_THAT(Run(server, {.slots = 10, .total = 30}), AllOf(SizeIs(30), Each(kGoodCall)));
  EXPECT_EQ(most_open, 3u);
  EXPECT_GE(engine_->waited_for_stream(), 20u);
  EXPECT_LE(engine_->waited_for_stream(), 27u) << "all but the first three";
}

TEST_F(Http2EngineTest, CountsACallThatWaitedForAStreamUntilItsDeadline) {
  ScriptedServer server({.on_connect =
                             [](Peer& peer) {
                               peer.Send(SettingsFrame({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}}));
                             },
                         .on_request = [](Peer&, const Request&) {}});
  EXPECT_THAT(Run(server, {.slots = 4, .total = 4, .timeout = absl::Milliseconds(300)}),
              Each(EndsWith(StatusCode::kDeadlineExceeded, "Deadline Exceeded")));
  EXPECT_EQ(engine_->waited_for_stream(), 3u);
}

TEST_F(Http2EngineTest, KeepsFiftyThousandCallsInFlight) {
  constexpr std::size_t kCalls = 50'000;
  std::vector<std::pair<Peer*, int32_t>> waiting;
  ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
    waiting.emplace_back(&peer, request.stream);
    if (waiting.size() < kCalls) return;
    for (const auto& [of, stream] : waiting) of->Send(GoodAnswer(stream, "hello"));
  }});
  EXPECT_THAT(Run(server, {.connections = 8, .slots = kCalls, .total = kCalls}),
              AllOf(SizeIs(kCalls), Each(kGoodCall)));
  EXPECT_EQ(waiting.size(), kCalls) << "no call was answered before all were there";
}

TEST_F(Http2EngineTest, TellsTheServerHowMuchTimeACallHasLeftThatHasWaited) {
  std::vector<std::string> timeouts;
  ScriptedServer server({.on_connect =
                             [](Peer& peer) {
                               peer.Send(SettingsFrame({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}}));
                             },
                         .on_request =
                             [&](Peer& peer, const Request& request) {
                               timeouts.push_back(request.Header("grpc-timeout"));
                               peer.Send(GoodAnswer(request.stream, "hello"));
                             }});
  EXPECT_THAT(Run(server, {.slots = 2, .total = 2, .timeout = absl::Seconds(20)}), Each(kGoodCall));
  ASSERT_THAT(timeouts, SizeIs(2));
  // In microseconds, eight digits: the shorter one compares as less.
  EXPECT_LT(timeouts[1].size() < timeouts[0].size() ? "" : timeouts[1], timeouts[0]);
}

TEST_F(Http2EngineTest, AnswersAPing) {
  ScriptedServer server({.on_request = [](Peer& peer, const Request& request) {
    peer.Send(Frame(NGHTTP2_PING, 0, 0, "12345678") + GoodAnswer(request.stream, "hello"));
  }});
  Prepare(server, {.total = 20});
  EXPECT_THAT(Run(), Each(kGoodCall));
  EXPECT_GE(server.pongs(), 19u);
}

TEST_F(Http2EngineTest, TakesAnAnswerThatComesBeforeTheRequestIsSent) {
  ScriptedServer server({.on_connect =
                             [](Peer& peer) {
                               peer.Send(SettingsFrame({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}));
                             },
                         .on_headers = [](Peer& peer, int32_t stream) { peer.Send(GoodAnswer(stream, "hello")); }});
  EXPECT_THAT(Run(server, {.slots = 2, .total = 10}), AllOf(SizeIs(10), Each(kGoodCall)));
  EXPECT_EQ(server.requests(), 0u);
  for (const auto& [stream, error] : server.resets()) EXPECT_EQ(error, NGHTTP2_NO_ERROR);
}

// What an engine does with calls that are not unary, or not in the clear.
class Http2StreamTest : public testing::Test {
 protected:
  std::vector<SentCall> Run(const ScriptedServer& server, std::vector<std::string> messages, bool gzip,
                            bool one_message) {
    Http2EngineOptions options;
    options.targets = {{*ResolveEndpoint(server.target())}};
    options.slots = 5;
    const CallKind kind = one_message ? CallKind::kClientStreaming : CallKind::kBidirectional;
    options.plan = RepeatedCall({"/test.Service/Method", kind}, std::move(messages));
    options.call.gzip = gzip;
    const std::unique_ptr<Http2Engine> engine = MakeHttp2Engine(options);
    SentCalls calls(engine.get(), 5, 20);
    engine->Run(&calls);
    return calls.ended();
  }
};

TEST_F(Http2StreamTest, SendsABodyThroughSmallWindows) {
  const std::string large(300'000, 'x');
  ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
    peer.Send(GoodAnswer(request.stream, request.body == Framed(large) ? "hello" : "broken"));
  }});
  EXPECT_THAT(Run(server, {large}, false, true), AllOf(SizeIs(20), Each(kGoodCall)));
}

TEST_F(Http2StreamTest, SendsAndTakesAnyNumberOfMessages) {
  ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
    EXPECT_EQ(request.body, Framed("one") + Framed("") + Framed("three"));
    peer.Send(HeadersFrame(request.stream, kGoodHeaders) + DataFrame(request.stream, Framed("a") + Framed("bb")) +
              DataFrame(request.stream, Framed("ccc")) + HeadersFrame(request.stream, kOkTrailers, true));
  }});
  const SentCall good{StatusCode::kOk, "", "", {"a", "bb", "ccc"}};
  EXPECT_THAT(Run(server, {"one", "", "three"}, false, false), AllOf(SizeIs(20), Each(good)));
}

TEST_F(Http2StreamTest, EndsAStreamWithoutAnyMessage) {
  ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
    EXPECT_EQ(request.body, "");
    peer.Send(HeadersFrame(request.stream, kGoodHeaders) + HeadersFrame(request.stream, kOkTrailers, true));
  }});
  EXPECT_THAT(Run(server, {}, false, false), AllOf(SizeIs(20), Each(SentCall{StatusCode::kOk, "", "", {}})));
}

TEST_F(Http2StreamTest, SendsAndTakesCompressedMessages) {
  const std::string large(10'000, 'x');
  ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
    EXPECT_EQ(request.Header("grpc-encoding"), "gzip");
    EXPECT_EQ(request.body, Framed(GzipCompress(large), true));
    Headers headers = kGoodHeaders;
    headers.emplace_back("grpc-encoding", "gzip");
    peer.Send(HeadersFrame(request.stream, headers) + DataFrame(request.stream, request.body) +
              HeadersFrame(request.stream, kOkTrailers, true));
  }});
  EXPECT_THAT(Run(server, {large}, true, true), AllOf(SizeIs(20), Each(SentCall{StatusCode::kOk, "", "", {large}})));
}

}  // namespace
}  // namespace meanwhile::http2
