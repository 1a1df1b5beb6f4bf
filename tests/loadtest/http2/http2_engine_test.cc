// The engine against a server that says what a test wants it to say.

#include "loadtest/http2/http2_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "loadtest/http2/gzip.h"
#include "tests/loadtest/http2/frames.h"
#include "tests/loadtest/http2/scripted_server.h"
#include "tests/loadtest/http2/sent_calls.h"
#include "tests/wait_until.h"

namespace meanwhile::http2 {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::SizeIs;

auto EndsWith(StatusCode code, const std::string& message) {
  return AllOf(Field("code", &SentCall::code, code), Field("message", &SentCall::message, message));
}
const auto kGoodCall = SentCall{StatusCode::kOk, "", "", {"hello"}};

struct Load {
  std::size_t connections = 1;
  std::size_t slots = 1;
  std::size_t total = 1;
  absl::Duration timeout = absl::InfiniteDuration();
};

class Http2EngineTest : public testing::Test {
 protected:
  void Prepare(const ScriptedServer& server, const Load& load) {
    absl::StatusOr<Endpoint> endpoint = ResolveEndpoint(server.target());
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    Http2EngineOptions options;
    options.targets = {{*endpoint}};
    options.connections = load.connections;
    options.slots = load.slots;
    options.plan = RepeatedCall({"/test.Service/Method"}, {"hello"});
    options.timeout = load.timeout;
    engine_ = MakeHttp2Engine(options);
    calls_ = std::make_unique<SentCalls>(engine_.get(), load.slots, load.total);
  }
  const std::vector<SentCall>& Run() {
    engine_->Run(calls_.get());
    return calls_->ended();
  }
  const std::vector<SentCall>& Run(const ScriptedServer& server, const Load& load = {}) {
    Prepare(server, load);
    return Run();
  }
  // How the second of two calls ends, and the first, when a server answers the first with these bytes and the second
  // well: whatever happens to a call, the next one is none the worse.
  void ExpectFirstOfTwo(const std::function<std::string(int32_t stream)>& answer, StatusCode code,
                        const std::string& message) {
    bool first = true;
    ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
      peer.Send(first ? answer(request.stream) : GoodAnswer(request.stream, "hello"));
      first = false;
    }});
    EXPECT_THAT(Run(server, {.total = 2}), ElementsAre(EndsWith(code, message), kGoodCall)) << message;
  }

  std::unique_ptr<Http2Engine> engine_;
  std::unique_ptr<SentCalls> calls_;
};

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

TEST_F(Http2EngineTest, EndsACallByWhatTheProtocolNamesWhenItsAnswerIsBad) {
  const Headers html = {{":status", "200"}, {"content-type", "text/html"}};
  ExpectFirstOfTwo([&](int32_t s) { return HeadersFrame(s, html) + DataFrame(s, "<html>", true); },
                   StatusCode::kUnknown, "a content-type that is not application/grpc");
  ExpectFirstOfTwo(
      [](int32_t s) {
        return HeadersFrame(s, {{":status", "503"}}, true);
      },
      StatusCode::kUnavailable, "HTTP status 503");
  ExpectFirstOfTwo(
      [](int32_t s) {
        return HeadersFrame(s, kGoodHeaders) + DataFrame(s, Framed("hello")) + HeadersFrame(s, {{"x", "y"}}, true);
      },
      StatusCode::kUnknown, "no grpc-status");
  ExpectFirstOfTwo([](int32_t s) { return HeadersFrame(s, kGoodHeaders) + DataFrame(s, Framed("hello"), true); },
                   StatusCode::kUnknown, "no grpc-status");
  // Longer than its prefix announced: what follows the message is no prefix of another.
  ExpectFirstOfTwo(
      [](int32_t s) {
        return HeadersFrame(s, kGoodHeaders) + DataFrame(s, Framed("hello") + "more") +
               HeadersFrame(s, kOkTrailers, true);
      },
      StatusCode::kInternal, "a message begins with byte 109, which must be 0 or 1");
  // Shorter.
  ExpectFirstOfTwo(
      [](int32_t s) {
        return HeadersFrame(s, kGoodHeaders) + DataFrame(s, Framed("hello").substr(0, 8)) +
               HeadersFrame(s, kOkTrailers, true);
      },
      StatusCode::kInternal, "the answer ended within a message");
  ExpectFirstOfTwo(
      [](int32_t s) { return HeadersFrame(s, kGoodHeaders) + DataFrame(s, std::string("\0\xff\xff\xff\xff", 5)); },
      StatusCode::kResourceExhausted, "a message of 4294967295 bytes: must be at most 4194304");
  ExpectFirstOfTwo(
      [](int32_t s) {
        return HeadersFrame(s, {{":status", "200"}, {"x", std::string(9000, 'x')}}) +
               HeadersFrame(s, kOkTrailers, true);
      },
      StatusCode::kResourceExhausted, "headers of more than 8192 bytes");
  // Data before any headers, and a name in upper case: nghttp2 resets the stream.
  ExpectFirstOfTwo(
      [](int32_t s) {
        return HeadersFrame(s, {{":status", "200"}, {"Upper", "case"}}, true);
      },
      StatusCode::kInternal, "the stream was reset with PROTOCOL_ERROR");
  ExpectFirstOfTwo(
      [](int32_t s) {
        return HeadersFrame(s, {{"content-type", "application/grpc"}}, true);
      },
      StatusCode::kInternal, "the stream was reset with PROTOCOL_ERROR");
}

TEST_F(Http2EngineTest, MapsTheCodeOfEveryReset) {
  const struct {
    uint32_t error;
    StatusCode code;
  } cases[] = {{NGHTTP2_NO_ERROR, StatusCode::kInternal},
               {NGHTTP2_PROTOCOL_ERROR, StatusCode::kInternal},
               {NGHTTP2_INTERNAL_ERROR, StatusCode::kInternal},
               {NGHTTP2_FLOW_CONTROL_ERROR, StatusCode::kInternal},
               {NGHTTP2_REFUSED_STREAM, StatusCode::kUnavailable},
               {NGHTTP2_CANCEL, StatusCode::kCancelled},
               {NGHTTP2_ENHANCE_YOUR_CALM, StatusCode::kResourceExhausted},
               {NGHTTP2_INADEQUATE_SECURITY, StatusCode::kPermissionDenied},
               {1234, StatusCode::kInternal}};
  std::size_t next = 0;
  ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
    // One before and one after headers.
    if (next % 2 == 0) peer.Send(HeadersFrame(request.stream, kGoodHeaders));
    peer.Send(ResetFrame(request.stream, cases[next++].error));
  }});
  const std::vector<SentCall>& calls = Run(server, {.total = std::size(cases)});
  for (std::size_t i = 0; i < std::size(cases); ++i) EXPECT_EQ(calls[i].code, cases[i].code) << cases[i].error;
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(Http2EngineTest, IsNotHarmedByDataAfterTrailers) {
  ScriptedServer server({.on_request = [](Peer& peer, const Request& request) {
    peer.Send(GoodAnswer(request.stream, "hello") + DataFrame(request.stream, Framed("late")));
  }});
  // A frame on a stream that is closed is ignored or ends the connection; the calls have ended by then, or are sent
  // again over a new one.
  for (const SentCall& call : Run(server, {.total = 5})) {
    EXPECT_THAT(call.code, testing::AnyOf(StatusCode::kOk, StatusCode::kUnavailable)) << call.message;
  }
}

TEST_F(Http2EngineTest, EndsTheCallsOfAConnectionThatBreaksHttp2) {
  const std::string breaks[] = {
      Frame(NGHTTP2_SETTINGS, 0, 0, "12345"),                           // Not a multiple of six bytes.
      Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, "\xff\xff"),  // No HPACK.
      Frame(NGHTTP2_WINDOW_UPDATE, 0, 0, BigEndian(0)),
      Frame(NGHTTP2_PING, 0, 0, "short"),
      Frame(NGHTTP2_DATA, 0, 0, "data on no stream"),
      Frame(NGHTTP2_CONTINUATION, 0, 1, "continues nothing"),
      Frame(NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, 1, BigEndian(2) + HeaderBlock({{":status", "200"}})),
      std::string("\x7f\xff\xff\x00\x00\x00\x00\x00\x01", 9),  // A frame of 8 MiB.
      "HTTP/1.1 400 Bad Request\r\n\r\n",
      Frame(NGHTTP2_GOAWAY, 0, 0, "short"),
  };
  for (const std::string& bytes : breaks) {
    ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
      peer.Send(request.connection == 0 ? bytes : GoodAnswer(request.stream, "hello"));
    }});
    const std::vector<SentCall>& calls = Run(server, {.slots = 2, .total = 6});
    EXPECT_THAT(std::count(calls.begin(), calls.end(), kGoodCall), testing::Ge(4)) << testing::PrintToString(bytes);
    EXPECT_EQ(calls[0].code, StatusCode::kUnavailable) << calls[0].message;
    EXPECT_EQ(server.connections(), 2u);
  }
}

TEST_F(Http2EngineTest, EndsTheCallsOfAConnectionThatIsClosed) {
  const std::string parts[] = {"", HeadersFrame(1, kGoodHeaders), GoodAnswer(1, "hello").substr(0, 60)};
  for (const std::string& part : parts) {
    ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
      if (request.connection > 0) return peer.Send(GoodAnswer(request.stream, "hello"));
      peer.Send(part);
      peer.Close();
    }});
    EXPECT_THAT(Run(server, {.total = 2}),
                ElementsAre(Field("code", &SentCall::code, StatusCode::kUnavailable), kGoodCall));
    EXPECT_EQ(server.connections(), 2u);
  }
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

TEST_F(Http2EngineTest, ALateAnswerDoesNotReachTheNextCallOfItsSlot) {
  int32_t late = 0;
  ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
    if (late == 0) {
      late = request.stream;
    } else {
      peer.Send(GoodAnswer(late, "late") + GoodAnswer(request.stream, "hello"));
    }
  }});
  EXPECT_THAT(Run(server, {.total = 2, .timeout = absl::Seconds(1)}),
              ElementsAre(EndsWith(StatusCode::kDeadlineExceeded, "Deadline Exceeded"), kGoodCall));
}

TEST_F(Http2EngineTest, TellsThatTheServerHasCancelledACall) {
  ScriptedServer server({.on_request = [](Peer& peer, const Request& request) {
    peer.Send(ResetFrame(request.stream, NGHTTP2_CANCEL));
  }});
  EXPECT_THAT(Run(server, {.timeout = absl::Hours(1)}),
              ElementsAre(EndsWith(StatusCode::kCancelled, "the stream was reset with CANCEL")));
}

TEST_F(Http2EngineTest, WaitsForAServerThatSaysNothingUntilTheDeadline) {
  ScriptedServer server({.on_connect = [](Peer& peer) { peer.Mute(); }, .on_request = [](Peer&, const Request&) {}});
  Prepare(server, {.slots = 3, .total = 3, .timeout = absl::Milliseconds(50)});
  EXPECT_FALSE(engine_->Connect(std::chrono::steady_clock::now() + std::chrono::milliseconds(20)));
  EXPECT_EQ(engine_->failure_of(0), "") << "the attempt is under way";
  EXPECT_THAT(Run(), AllOf(SizeIs(3), Each(EndsWith(StatusCode::kDeadlineExceeded, "Deadline Exceeded"))));
  EXPECT_EQ(server.requests(), 0u) << "a call was sent before the server's settings had come";
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

TEST_F(Http2EngineTest, FinishesWhatIsInFlightWhenTheServerGoesAwayAndSendsTheRestElsewhere) {
  // Over the first connection the server takes two calls, says that it goes away, and answers them after that.
  std::vector<int32_t> taken;
  ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
    if (request.connection > 0) return peer.Send(GoodAnswer(request.stream, "hello"));
    taken.push_back(request.stream);
    if (taken.size() < 2) return;
    peer.Send(GoAwayFrame(taken.back()));
    for (const int32_t stream : taken) peer.Send(GoodAnswer(stream, "hello"));
  }});
  EXPECT_THAT(Run(server, {.slots = 2, .total = 20}), AllOf(SizeIs(20), Each(kGoodCall)));
  EXPECT_EQ(server.connections(), 2u);
}

TEST_F(Http2EngineTest, EndsCallsThatAServerWhichGoesAwayHasNotTaken) {
  ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
    if (request.connection > 0) return peer.Send(GoodAnswer(request.stream, "hello"));
    if (request.stream == 1) peer.Send(GoAwayFrame(0));
  }});
  EXPECT_THAT(Run(server, {.total = 2}),
              ElementsAre(EndsWith(StatusCode::kUnavailable, "the stream was reset with REFUSED_STREAM"), kGoodCall));
}

TEST_F(Http2EngineTest, AnswersAPing) {
  ScriptedServer server({.on_request = [](Peer& peer, const Request& request) {
    peer.Send(Frame(NGHTTP2_PING, 0, 0, "12345678") + GoodAnswer(request.stream, "hello"));
  }});
  Prepare(server, {.total = 20});
  EXPECT_THAT(Run(), Each(kGoodCall));
  EXPECT_GE(server.pongs(), 19u);
}

TEST_F(Http2EngineTest, EndsCallsUnavailableWhenNobodyListensAndGoesOnTrying) {
  auto server = std::make_unique<ScriptedServer>();
  Prepare(*server, {.slots = 2, .total = 6});
  server.reset();
  const std::vector<SentCall>& calls = Run();
  EXPECT_THAT(calls, SizeIs(6));
  for (const SentCall& call : calls) {
    EXPECT_EQ(call.code, StatusCode::kUnavailable);
    EXPECT_THAT(call.message, HasSubstr("Connection refused"));
  }
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
