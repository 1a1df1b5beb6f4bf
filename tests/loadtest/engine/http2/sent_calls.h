// SendCalls: drives an engine through a number of calls and tells how each ended.

#ifndef MEANWHILE_TESTS_LOADTEST_ENGINE_HTTP2_SENT_CALLS_H_
#define MEANWHILE_TESTS_LOADTEST_ENGINE_HTTP2_SENT_CALLS_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "loadtest/engine/engine.h"

namespace meanwhile::http2 {

struct SentCall {
  absl::StatusCode code;
  std::string message;
  std::string details;
  std::vector<std::string> answers;

  bool operator==(const SentCall&) const = default;
};

// Prints it for a test that fails.
inline void PrintTo(const SentCall& call, std::ostream* out) {
  *out << absl::StatusCodeToString(call.code) << " \"" << call.message << "\" with " << call.answers.size()
       << " answers";
}

// Sends calls in all slots and then a new one in each slot whose call has ended, until `total` have ended. A call that
// is still in flight after half a minute is cancelled, so that a test fails and does not hang.
class SentCalls final : public EngineDriver {
 public:
  SentCalls(Engine* engine, std::size_t slots, std::size_t total)
      : engine_(engine), slots_(slots), total_(total), answers_(slots) {}

  // By the order in which they ended.
  const std::vector<SentCall>& ended() const { return ended_; }

  // Called after each call's end.
  std::function<void(std::size_t slot)> on_ended;
  // Called every 5 ms while calls are in flight.
  std::function<void()> on_tick;

 private:
  static constexpr std::chrono::milliseconds kTick{5};
  static constexpr std::chrono::seconds kLongest{30};

  void OnStart() override {
    start_ = std::chrono::steady_clock::now();
    engine_->SetTimer(start_ + kTick);
    for (std::size_t slot = 0; slot < slots_ && sent_ < total_; ++slot) Send(slot);
  }
  void OnMessage(std::size_t slot, absl::string_view message) override { answers_[slot].emplace_back(message); }
  void OnCallEnded(std::size_t slot, const CallEnd& end) override {
    ended_.push_back({end.code, std::string(end.message), std::string(end.details), std::move(answers_[slot])});
    answers_[slot].clear();
    if (on_ended) on_ended(slot);
    if (sent_ < total_) {
      Send(slot);
    } else if (ended_.size() == total_) {
      engine_->Stop();
    }
  }
  void OnTimer() override {
    const LoadTime now = std::chrono::steady_clock::now();
    if (now - start_ > kLongest) return engine_->CancelCalls();
    if (on_tick) on_tick();
    engine_->SetTimer(now + kTick);
  }

  void Send(std::size_t slot) {
    ++sent_;
    engine_->Send(slot);
  }

  Engine* const engine_;
  const std::size_t slots_;
  const std::size_t total_;
  LoadTime start_;
  std::size_t sent_ = 0;
  std::vector<std::vector<std::string>> answers_;  // By slot.
  std::vector<SentCall> ended_;
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_TESTS_LOADTEST_ENGINE_HTTP2_SENT_CALLS_H_
