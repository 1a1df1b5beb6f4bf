// Frames of HTTP/2 written by hand, for a server that breaks the rules: a test says each byte.

#ifndef MEANWHILE_TESTS_LOADTEST_ENGINE_HTTP2_FRAMES_H_
#define MEANWHILE_TESTS_LOADTEST_ENGINE_HTTP2_FRAMES_H_

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace meanwhile::http2 {

using Headers = std::vector<std::pair<std::string, std::string>>;

// A frame, whatever it holds.
std::string Frame(uint8_t type, uint8_t flags, int32_t stream, absl::string_view payload);

std::string BigEndian(uint32_t number);

std::string SettingsFrame(const std::vector<std::pair<uint16_t, uint32_t>>& settings = {});
std::string DataFrame(int32_t stream, absl::string_view data, bool end_of_stream = false);
std::string ResetFrame(int32_t stream, uint32_t error);
std::string GoAwayFrame(int32_t last_stream, uint32_t error = NGHTTP2_NO_ERROR);

// Each header spelled out, so that a frame holds at any place of any connection.
std::string HeaderBlock(const Headers& headers);
std::string HeadersFrame(int32_t stream, const Headers& headers, bool end_of_stream = false);

// A message with gRPC's prefix.
std::string Framed(absl::string_view message, bool compressed = false);

// What a server answers when all is well.
extern const Headers kGoodHeaders;
extern const Headers kOkTrailers;
std::string GoodAnswer(int32_t stream, absl::string_view message);

}  // namespace meanwhile::http2

#endif  // MEANWHILE_TESTS_LOADTEST_ENGINE_HTTP2_FRAMES_H_
