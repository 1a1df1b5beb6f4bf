#include "loadtest/engine/http2/call_status.h"

#include <gtest/gtest.h>

#include <string>

namespace meanwhile::http2 {
namespace {

using absl::StatusCode;

std::string Decoded(absl::string_view value) {
  std::string message;
  AppendPercentDecoded(value, &message);
  return message;
}

TEST(CallStatusTest, ReadsTheNumbersOfGrpc) {
  EXPECT_EQ(ParseGrpcStatus("0"), StatusCode::kOk);
  EXPECT_EQ(ParseGrpcStatus("1"), StatusCode::kCancelled);
  EXPECT_EQ(ParseGrpcStatus("16"), StatusCode::kUnauthenticated);
}

TEST(CallStatusTest, TakesWhatIsNoStatusForUnknown) {
  for (const char* value : {"", "17", "99", "100", "-1", "+1", "1 ", "OK", "0x1"}) {
    EXPECT_EQ(ParseGrpcStatus(value), StatusCode::kUnknown) << value;
  }
}

TEST(CallStatusTest, DecodesPercentsAndLeavesBrokenOnesAsTheyAre) {
  EXPECT_EQ(Decoded("no such file"), "no such file");
  EXPECT_EQ(Decoded("100%25 %C3%A4%c3%a4"), "100% ää");
  EXPECT_EQ(Decoded("%"), "%");
  EXPECT_EQ(Decoded("%4"), "%4");
  EXPECT_EQ(Decoded("%4G%zz"), "%4G%zz");
  EXPECT_EQ(Decoded("%%41"), "%A");
}

TEST(CallStatusTest, DecodesBinaryValuesPaddedOrNot) {
  EXPECT_EQ(DecodeBinaryValue("YWI="), "ab");
  EXPECT_EQ(DecodeBinaryValue("YWI"), "ab");
  EXPECT_EQ(DecodeBinaryValue(""), "");
  EXPECT_EQ(DecodeBinaryValue("Y?I"), std::nullopt);
  EXPECT_EQ(EncodeBinaryValue("ab"), "YWI");
  EXPECT_EQ(DecodeBinaryValue(EncodeBinaryValue(std::string("\0\xff\x80", 3))), std::string("\0\xff\x80", 3));
}

TEST(CallStatusTest, MapsHttpAsTheDocumentSays) {
  EXPECT_EQ(StatusOfHttp(400), StatusCode::kInternal);
  EXPECT_EQ(StatusOfHttp(401), StatusCode::kUnauthenticated);
  EXPECT_EQ(StatusOfHttp(403), StatusCode::kPermissionDenied);
  EXPECT_EQ(StatusOfHttp(404), StatusCode::kUnimplemented);
  EXPECT_EQ(StatusOfHttp(429), StatusCode::kUnavailable);
  EXPECT_EQ(StatusOfHttp(431), StatusCode::kInternal);
  for (const int status : {502, 503, 504}) EXPECT_EQ(StatusOfHttp(status), StatusCode::kUnavailable);
  for (const int status : {0, 200, 204, 302, 418, 500, 505}) EXPECT_EQ(StatusOfHttp(status), StatusCode::kUnknown);
}

TEST(CallStatusTest, MapsTheCodesOfAResetAsTheDocumentSays) {
  const StatusCode codes[] = {
      StatusCode::kInternal,           // NO_ERROR
      StatusCode::kInternal,           // PROTOCOL_ERROR
      StatusCode::kInternal,           // INTERNAL_ERROR
      StatusCode::kInternal,           // FLOW_CONTROL_ERROR
      StatusCode::kInternal,           // SETTINGS_TIMEOUT
      StatusCode::kInternal,           // STREAM_CLOSED, which is not named
      StatusCode::kInternal,           // FRAME_SIZE_ERROR
      StatusCode::kUnavailable,        // REFUSED_STREAM
      StatusCode::kCancelled,          // CANCEL
      StatusCode::kInternal,           // COMPRESSION_ERROR
      StatusCode::kInternal,           // CONNECT_ERROR
      StatusCode::kResourceExhausted,  // ENHANCE_YOUR_CALM
      StatusCode::kPermissionDenied,   // INADEQUATE_SECURITY
      StatusCode::kInternal,           // HTTP_1_1_REQUIRED, which is not named
      StatusCode::kInternal,           // none of HTTP/2's
  };
  for (uint32_t error = 0; error < std::size(codes); ++error) EXPECT_EQ(StatusOfReset(error), codes[error]) << error;
}

}  // namespace
}  // namespace meanwhile::http2
