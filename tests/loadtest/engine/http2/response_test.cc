#include "loadtest/engine/http2/response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace meanwhile::http2 {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using Headers = std::vector<std::pair<std::string, std::string>>;

const Headers kGood = {{":status", "200"}, {"content-type", "application/grpc"}};
const Headers kOkTrailers = {{"grpc-status", "0"}};

std::string Framed(absl::string_view message, bool compressed = false) {
  std::string body;
  AppendMessage(message, compressed, &body);
  return body;
}

// A response, and the messages that it brought.
class ResponseTest : public testing::Test {
 protected:
  void Begin(const ResponseRules& rules = {}) {
    response_.emplace(rules);
    response_->Begin();
  }
  void Head(const Headers& headers, bool end_of_stream = false) {
    response_->OnHeadersBegin();
    for (const auto& [name, value] : headers) response_->OnHeader(name, value);
    response_->OnHeadersEnd(end_of_stream);
  }
  void Data(const std::string& piece) {
    response_->OnData(piece, &gzip_, [&](absl::string_view message) { messages_.emplace_back(message); });
  }
  void ExpectEnd(StatusCode code, const std::string& message) {
    ASSERT_TRUE(response_->ended());
    EXPECT_EQ(response_->code(), code);
    EXPECT_EQ(response_->message(), message);
  }

  GzipReader gzip_;
  std::optional<Response> response_;
  std::vector<std::string> messages_;
};

TEST_F(ResponseTest, EndsWellWithHeadersAMessageAndTrailers) {
  Begin();
  Head(kGood);
  Data(Framed("answer"));
  EXPECT_FALSE(response_->ended());
  Head(kOkTrailers, true);
  ExpectEnd(StatusCode::kOk, "");
  EXPECT_THAT(messages_, ElementsAre("answer"));
}

TEST_F(ResponseTest, TakesStatusMessageAndDetailsFromTrailers) {
  Begin();
  Head(kGood);
  Head({{"grpc-status", "5"}, {"grpc-message", "no%20such thing"}, {"grpc-status-details-bin", "CAU"}}, true);
  ExpectEnd(StatusCode::kNotFound, "no such thing");
  EXPECT_EQ(response_->details(), "\x08\x05");
}

TEST_F(ResponseTest, TakesTrailersOnly) {
  Begin();
  Head({{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "8"}, {"grpc-message", "full"}},
       true);
  ExpectEnd(StatusCode::kResourceExhausted, "full");
}

TEST_F(ResponseTest, TakesGrpcStatusEvenBesideABadHttpStatus) {
  Begin();
  Head({{":status", "503"}, {"grpc-status", "7"}}, true);
  ExpectEnd(StatusCode::kPermissionDenied, "");
}

TEST_F(ResponseTest, PassesOverInterimResponses) {
  Begin();
  Head({{":status", "103"}, {"link", "x"}});
  Head(kGood);
  Data(Framed("answer"));
  Head(kOkTrailers, true);
  ExpectEnd(StatusCode::kOk, "");
}

TEST_F(ResponseTest, MapsTheHttpStatusOfAnAnswerThatIsNotGrpc) {
  Begin();
  Head({{":status", "502"}, {"content-type", "text/html"}});
  ExpectEnd(StatusCode::kUnavailable, "HTTP status 502");
  Begin();
  Head({{":status", "404"}}, true);
  ExpectEnd(StatusCode::kUnimplemented, "HTTP status 404");
  Begin();
  Head({{":status", "garbage"}});
  ExpectEnd(StatusCode::kUnknown, "HTTP status 0");
}

TEST_F(ResponseTest, RefusesAnotherContentType) {
  for (const char* type : {"text/html", "application/grpcx", "application/grp", ""}) {
    Begin();
    Head({{":status", "200"}, {"content-type", type}});
    ExpectEnd(StatusCode::kUnknown, "a content-type that is not application/grpc");
  }
  for (const char* type : {"application/grpc+proto", "application/grpc;charset=utf-8", "Application/GRPC"}) {
    Begin();
    Head({{":status", "200"}, {"content-type", type}});
    EXPECT_FALSE(response_->ended()) << type;
  }
}

TEST_F(ResponseTest, EndsUnknownWithoutAGrpcStatus) {
  Begin();
  Head(kGood);
  Data(Framed("answer"));
  Head({{"other", "trailer"}}, true);
  ExpectEnd(StatusCode::kUnknown, "no grpc-status");
  Begin();
  Head(kGood);
  Data(Framed("answer"));
  response_->OnEndOfStream();
  ExpectEnd(StatusCode::kUnknown, "no grpc-status");
}

TEST_F(ResponseTest, TakesNoStatusThatStandsBeforeAMessage) {
  Headers early = kGood;
  early.push_back({"grpc-status", "0"});
  Begin();
  Head(early);
  Data(Framed("answer"));
  Head({{"other", "trailer"}}, true);
  ExpectEnd(StatusCode::kUnknown, "no grpc-status");
  Begin();
  Head(early);
  Data(Framed("answer"));
  response_->OnEndOfStream();
  ExpectEnd(StatusCode::kUnknown, "no grpc-status");
  // An interim response is none.
  Begin();
  Head({{":status", "103"}, {"grpc-status", "0"}, {"grpc-message", "early"}});
  Head(kGood);
  Data(Framed("answer"));
  response_->OnEndOfStream();
  ExpectEnd(StatusCode::kUnknown, "no grpc-status");
  // Trailers alone, whose stream ends by a frame of its own.
  Begin();
  Head({{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "5"}, {"grpc-message", "gone"}});
  Data("");
  response_->OnEndOfStream();
  ExpectEnd(StatusCode::kNotFound, "gone");
}

TEST_F(ResponseTest, RefusesAnAnswerThatEndsWithinAMessage) {
  Begin();
  Head(kGood);
  Data(Framed("answer").substr(0, 7));
  Head(kOkTrailers, true);
  ExpectEnd(StatusCode::kInternal, "the answer ended within a message");
}

TEST_F(ResponseTest, RefusesAnyNumberOfMessagesButOneFromAUnaryMethod) {
  Begin();
  Head(kGood);
  Head(kOkTrailers, true);
  ExpectEnd(StatusCode::kUnimplemented, "no message where one was expected");
  Begin();
  Head(kGood);
  Data(Framed("one") + Framed("two"));
  ExpectEnd(StatusCode::kUnimplemented, "more than one message where one was expected");
}

TEST_F(ResponseTest, TakesAnyNumberOfMessagesFromAStream) {
  for (const int count : {0, 1, 3}) {
    Begin({.one_message = false});
    Head(kGood);
    for (int i = 0; i < count; ++i) Data(Framed("item"));
    Head(kOkTrailers, true);
    ExpectEnd(StatusCode::kOk, "");
    EXPECT_EQ(response_->messages(), static_cast<std::size_t>(count));
  }
}

TEST_F(ResponseTest, UnpacksCompressedMessages) {
  Begin();
  Head({{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-encoding", "gzip"}});
  Data(Framed(GzipCompress("answer"), true));
  Head(kOkTrailers, true);
  ExpectEnd(StatusCode::kOk, "");
  EXPECT_THAT(messages_, ElementsAre("answer"));
}

TEST_F(ResponseTest, RefusesCompressionThatItWasNotToldOfOrDoesNotKnow) {
  for (const Headers& headers :
       {kGood, Headers{{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-encoding", "snappy"}},
        Headers{{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-encoding", "identity"}}}) {
    Begin();
    Head(headers);
    Data(Framed("answer", true));
    ExpectEnd(StatusCode::kInternal, "a compressed message without a grpc-encoding that was asked for");
  }
}

TEST_F(ResponseTest, RefusesMessagesAndHeadersThatAreTooLong) {
  Begin({.max_message_bytes = 10});
  Head(kGood);
  Data(Framed(std::string(11, 'x')));
  ExpectEnd(StatusCode::kResourceExhausted, "a message of 11 bytes: must be at most 10");
  Begin({.max_header_bytes = 1000});
  Head({{":status", "200"}, {"x", std::string(1000, 'x')}});
  ExpectEnd(StatusCode::kResourceExhausted, "headers of more than 1000 bytes");
}

TEST_F(ResponseTest, CountsTheSizeOfEachBlockOfHeadersByItself) {
  Begin({.max_header_bytes = 200});
  Head(kGood);
  Data(Framed("answer"));
  Head({{"grpc-status", "0"}, {"x", std::string(100, 'x')}}, true);
  ExpectEnd(StatusCode::kOk, "");
}

TEST_F(ResponseTest, MapsAReset) {
  Begin();
  Head(kGood);
  response_->OnReset(NGHTTP2_REFUSED_STREAM);
  ExpectEnd(StatusCode::kUnavailable, "the stream was reset with REFUSED_STREAM");
}

TEST_F(ResponseTest, EndsOnceAndIgnoresWhatComesLater) {
  Begin();
  Head(kGood);
  Data(Framed("answer"));
  Head(kOkTrailers, true);
  response_->OnReset(NGHTTP2_INTERNAL_ERROR);
  response_->Fail(StatusCode::kAborted, "late");
  Data(Framed("late"));
  Head({{"grpc-status", "13"}}, true);
  ExpectEnd(StatusCode::kOk, "");
  EXPECT_THAT(messages_, ElementsAre("answer"));
}

TEST_F(ResponseTest, KnowsNothingOfTheCallBefore) {
  Begin();
  Head({{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-encoding", "gzip"}});
  Data(Framed("xyz").substr(0, 7));
  Head({{"grpc-status", "9"}, {"grpc-message", "bad"}, {"grpc-status-details-bin", "CAU"}}, true);
  response_->Begin();
  EXPECT_FALSE(response_->ended());
  Head(kGood);
  Data(Framed("answer"));
  Head(kOkTrailers, true);
  ExpectEnd(StatusCode::kOk, "");
  EXPECT_EQ(response_->details(), "");
}

}  // namespace
}  // namespace meanwhile::http2
