#include "tests/loadtest/engine/http2/frames.h"

#include "loadtest/engine/http2/message_framing.h"

namespace meanwhile::http2 {
namespace {

// HPACK's length of a text: a prefix of seven bits, and more bytes when it is long (RFC 7541, 5.1).
void AppendText(const std::string& text, std::string* block) {
  std::size_t length = text.size();
  if (length < 127) {
    block->push_back(static_cast<char>(length));
  } else {
    block->push_back(127);
    for (length -= 127; length >= 128; length /= 128) block->push_back(static_cast<char>(length % 128 + 128));
    block->push_back(static_cast<char>(length));
  }
  *block += text;
}

}  // namespace

const Headers kGoodHeaders = {{":status", "200"}, {"content-type", "application/grpc"}};
const Headers kOkTrailers = {{"grpc-status", "0"}};

std::string Frame(uint8_t type, uint8_t flags, int32_t stream, absl::string_view payload) {
  std::string frame = BigEndian(static_cast<uint32_t>(payload.size())).substr(1);
  frame.push_back(static_cast<char>(type));
  frame.push_back(static_cast<char>(flags));
  frame += BigEndian(static_cast<uint32_t>(stream));
  frame.append(payload.data(), payload.size());
  return frame;
}

std::string BigEndian(uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(number >> shift & 0xff));
  return bytes;
}

std::string SettingsFrame(const std::vector<std::pair<uint16_t, uint32_t>>& settings) {
  std::string payload;
  for (const auto& [id, value] : settings) payload += BigEndian(id).substr(2) + BigEndian(value);
  return Frame(NGHTTP2_SETTINGS, 0, 0, payload);
}

std::string DataFrame(int32_t stream, absl::string_view data, bool end_of_stream) {
  return Frame(NGHTTP2_DATA, end_of_stream ? NGHTTP2_FLAG_END_STREAM : 0, stream, data);
}

std::string ResetFrame(int32_t stream, uint32_t error) {
  return Frame(NGHTTP2_RST_STREAM, 0, stream, BigEndian(error));
}

std::string GoAwayFrame(int32_t last_stream, uint32_t error) {
  return Frame(NGHTTP2_GOAWAY, 0, 0, BigEndian(static_cast<uint32_t>(last_stream)) + BigEndian(error));
}

std::string HeaderBlock(const Headers& headers) {
  std::string block;
  for (const auto& [name, value] : headers) {
    block.push_back(0);  // A literal that is not indexed, with a new name.
    AppendText(name, &block);
    AppendText(value, &block);
  }
  return block;
}

std::string HeadersFrame(int32_t stream, const Headers& headers, bool end_of_stream) {
  const uint8_t flags = NGHTTP2_FLAG_END_HEADERS | (end_of_stream ? NGHTTP2_FLAG_END_STREAM : 0);
  return Frame(NGHTTP2_HEADERS, flags, stream, HeaderBlock(headers));
}

std::string Framed(absl::string_view message, bool compressed) {
  std::string body;
  AppendMessage(message, compressed, &body);
  return body;
}

std::string GoodAnswer(int32_t stream, absl::string_view message) {
  return HeadersFrame(stream, kGoodHeaders) + DataFrame(stream, Framed(message)) +
         HeadersFrame(stream, kOkTrailers, true);
}

}  // namespace meanwhile::http2
