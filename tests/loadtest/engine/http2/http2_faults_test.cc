// The engine against servers that break the protocol, reset, cancel, close, go away or say nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tests/loadtest/engine/http2/engine_test.h"
#include "tests/loadtest/engine/http2/frames.h"
#include "tests/loadtest/engine/http2/scripted_server.h"
#include "tests/loadtest/engine/http2/sent_calls.h"

namespace meanwhile::http2 {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::SizeIs;

class Http2FaultsTest : public EngineTest {
 protected:
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
};

TEST_F(Http2FaultsTest, EndsACallByWhatTheProtocolNamesWhenItsAnswerIsBad) {
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
  // A name in upper case, and headers without a status: nghttp2 resets the stream.
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
  // Data before any headers: nghttp2 ends the connection, and what has no status yet ends as when a connection is lost.
  ExpectFirstOfTwo([](int32_t s) { return DataFrame(s, Framed("early")) + GoodAnswer(s, "hello"); },
                   StatusCode::kUnavailable, "the server ended the connection");
}

TEST_F(Http2FaultsTest, MapsTheCodeOfEveryReset) {
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

TEST_F(Http2FaultsTest, IsNotHarmedByDataAfterTrailers) {
  ScriptedServer server({.on_request = [](Peer& peer, const Request& request) {
    peer.Send(GoodAnswer(request.stream, "hello") + DataFrame(request.stream, Framed("late")));
  }});
  // A frame on a stream that is closed is ignored or ends the connection; the calls have ended by then, or are sent
  // again over a new one.
  for (const SentCall& call : Run(server, {.total = 5})) {
    EXPECT_THAT(call.code, testing::AnyOf(StatusCode::kOk, StatusCode::kUnavailable)) << call.message;
  }
}

TEST_F(Http2FaultsTest, EndsTheCallsOfAConnectionThatBreaksHttp2) {
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

TEST_F(Http2FaultsTest, EndsTheCallsOfAConnectionThatIsClosed) {
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

TEST_F(Http2FaultsTest, ALateAnswerDoesNotReachTheNextCallOfItsSlot) {
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

TEST_F(Http2FaultsTest, TellsThatTheServerHasCancelledACall) {
  ScriptedServer server({.on_request = [](Peer& peer, const Request& request) {
    peer.Send(ResetFrame(request.stream, NGHTTP2_CANCEL));
  }});
  EXPECT_THAT(Run(server, {.timeout = absl::Hours(1)}),
              ElementsAre(EndsWith(StatusCode::kCancelled, "the stream was reset with CANCEL")));
}

TEST_F(Http2FaultsTest, WaitsForAServerThatSaysNothingUntilTheDeadline) {
  ScriptedServer server({.on_connect = [](Peer& peer) { peer.Mute(); }, .on_request = [](Peer&, const Request&) {}});
  Prepare(server, {.slots = 3, .total = 3, .timeout = absl::Milliseconds(50)});
  EXPECT_FALSE(engine_->Connect(std::chrono::steady_clock::now() + std::chrono::milliseconds(20)));
  EXPECT_EQ(engine_->failure_of(0), "") << "the attempt is under way";
  EXPECT_THAT(Run(), AllOf(SizeIs(3), Each(EndsWith(StatusCode::kDeadlineExceeded, "Deadline Exceeded"))));
  EXPECT_EQ(server.requests(), 0u) << "a call was sent before the server's settings had come";
}

TEST_F(Http2FaultsTest, FinishesWhatIsInFlightWhenTheServerGoesAwayAndSendsTheRestElsewhere) {
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

TEST_F(Http2FaultsTest, EndsCallsThatAServerWhichGoesAwayHasNotTaken) {
  ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
    if (request.connection > 0) return peer.Send(GoodAnswer(request.stream, "hello"));
    if (request.stream == 1) peer.Send(GoAwayFrame(0));
  }});
  EXPECT_THAT(Run(server, {.total = 2}),
              ElementsAre(EndsWith(StatusCode::kUnavailable, "the stream was reset with REFUSED_STREAM"), kGoodCall));
}

// A call that has not been sent is told so; it does not wait while connections come and go as fast as the network lets.
TEST_F(Http2FaultsTest, EndsCallsUnavailableWhenTheServerTakesNoneOnAnyConnection) {
  ScriptedServer server({.on_connect = [](Peer& peer) { peer.Send(SettingsFrame() + GoAwayFrame(0)); }});
  const std::vector<SentCall>& calls = Run(server, {.slots = 2, .total = 6});
  EXPECT_THAT(calls, AllOf(SizeIs(6), Each(Field("code", &SentCall::code, StatusCode::kUnavailable))));
  for (const SentCall& call : calls) {
    EXPECT_THAT(call.message, testing::AnyOf(HasSubstr("the server took no calls"), HasSubstr("REFUSED_STREAM")));
  }
  EXPECT_EQ(server.requests(), 0u);
  EXPECT_LE(server.connections(), 8u) << "an attempt for each pair of calls, and a few more";
}

TEST_F(Http2FaultsTest, EndsCallsUnavailableWhenNobodyListensAndGoesOnTrying) {
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

}  // namespace
}  // namespace meanwhile::http2
