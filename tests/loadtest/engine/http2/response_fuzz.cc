// libFuzzer over all that a server can say: bytes into a session that has calls open. Whatever they are, each call ends
// exactly once, and nothing else happens.
//
//   ./bazelw test --config=fuzz //tests/loadtest/engine/http2:response_fuzz
//
// The first byte of an input says how the rest is read: as the bytes of the connection, or as a recipe for frames,
// which gets further into the protocol.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string>

#include "absl/strings/string_view.h"
#include "loadtest/engine/http2/call_spec.h"
#include "loadtest/engine/http2/client_session.h"
#include "loadtest/engine/http2/request_body.h"
#include "tests/loadtest/engine/http2/frames.h"

namespace meanwhile::http2 {
namespace {

constexpr std::size_t kCalls = 3;

void Check(bool condition) {
  if (!condition) std::abort();
}

class CountingOwner final : public SessionOwner {
 public:
  void OnReady() override {}
  void OnGoingAway() override {}
  void OnMessage(Call* call, absl::string_view message) override {
    Check(call->session != nullptr);
    bytes += message.size();
  }
  void OnMessageSent(Call* /*call*/) override {}
  void OnActive() override {}
  void OnCallEnded(Call* call) override {
    Check(call->session == nullptr);
    Check(call->response.ended());
    Check(++ended[call->slot] == 1);
  }

  std::size_t ended[kCalls] = {};
  std::size_t bytes = 0;
};

// Reads an input piece by piece; at its end it gives zeros.
class Recipe {
 public:
  explicit Recipe(absl::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  uint8_t Byte() { return empty() ? 0 : static_cast<uint8_t>(Take(1)[0]); }
  absl::string_view Take(std::size_t size) {
    const absl::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(taken.size());
    return taken;
  }

 private:
  absl::string_view bytes_;
};

std::string FrameOf(Recipe& recipe) {
  static const char* const kNames[] = {":status",
                                       "content-type",
                                       "grpc-status",
                                       "grpc-message",
                                       "grpc-encoding",
                                       "content-length",
                                       "grpc-status-details-bin",
                                       "x"};
  static const char* const kValues[] = {"200", "application/grpc", "0", "gzip", "%41%4", "5", "CAU", "103"};
  const uint8_t kind = recipe.Byte();
  const auto stream = static_cast<int32_t>(2 * (recipe.Byte() % 4) + 1);
  switch (kind % 4) {
    case 0:
      return Frame(recipe.Byte() % 12, recipe.Byte(), stream - (kind & 1), recipe.Take(recipe.Byte()));
    case 1: {
      Headers headers;
      for (uint8_t count = recipe.Byte() % 6; count > 0; --count) {
        const uint8_t which = recipe.Byte();
        const std::string value = (which & 8) != 0 ? std::string(recipe.Take(recipe.Byte())) : kValues[which >> 4 & 7];
        headers.emplace_back(kNames[which & 7], value);
      }
      return HeadersFrame(stream, headers, (kind & 4) != 0);
    }
    case 2:
      return DataFrame(stream, Framed(recipe.Take(recipe.Byte()), (kind & 8) != 0), (kind & 4) != 0);
    default:
      return DataFrame(stream, recipe.Take(recipe.Byte()), (kind & 4) != 0);
  }
}

void Run(absl::string_view input) {
  static const CallSpec spec({.path = "/s/m"});
  static const RequestBody body = [] {
    RequestBody hello;
    hello.Assign({"hello"}, false);
    return hello;
  }();
  static GzipReader gzip;
  Recipe recipe(input);
  const uint8_t mode = recipe.Byte();

  CountingOwner owner;
  ClientSession session(std::chrono::nanoseconds(0), nullptr, &gzip, nullptr, &owner);
  WriteBatch batch;
  std::deque<Call> calls;
  Check(session.Receive(SettingsFrame()).ok());
  Check(session.ready());
  for (std::size_t i = 0; i < kCalls; ++i) {
    calls.emplace_back(ResponseRules{.one_message = (mode & 2) == 0}).slot = i;
    calls.back().spec = &spec;
    calls.back().body.Begin(&body, 1);
    Check(session.Start(&calls.back(), absl::InfiniteDuration(), &batch));
  }
  bool fine = true;
  while (fine && !recipe.empty()) {
    const std::string bytes = (mode & 1) == 0 ? FrameOf(recipe) : std::string(recipe.Take(1 + recipe.Byte()));
    fine = session.Receive(bytes).ok() && session.Collect(&batch).ok();
    batch.Remove(batch.size());
    // A deadline in the middle of an answer.
    if ((mode & 4) != 0 && calls[0].session != nullptr && owner.bytes > 0) {
      session.Cancel(&calls[0]);
      calls[0].response.Fail(absl::StatusCode::kDeadlineExceeded, "");
      owner.OnCallEnded(&calls[0]);
    }
  }
  session.EndAll(absl::UnavailableError("the end"));
  for (const std::size_t count : owner.ended) Check(count == 1);
  Check(session.open_calls() == 0);
}

}  // namespace
}  // namespace meanwhile::http2

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  meanwhile::http2::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
