// CallPlan: what the calls of a run are: the methods that are called and, through a CallSource for each engine, which
// of them is called next and with which messages.
//
// Messages that are known before the run are fixed calls: each engine makes them ready for the wire once, and sending
// one costs nothing more. What a source makes up for a call (a template) is framed when it is sent.
//
//   auto plan = RepeatedCall({"/pkg.Service/Method", CallKind::kUnary}, {encoded_request});
//
// Ownership: the plan outlives the engines, and these their sources. Thread: a plan does not change and is read by all
// threads; `make_source` is called by one; a source belongs to its engine's thread.

#ifndef MEANWHILE_LOADTEST_ENGINE_CALL_SOURCE_H_
#define MEANWHILE_LOADTEST_ENGINE_CALL_SOURCE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace meanwhile {

enum class CallKind { kUnary, kServerStreaming, kClientStreaming, kBidirectional };

constexpr bool StreamsToServer(CallKind kind) {
  return kind == CallKind::kClientStreaming || kind == CallKind::kBidirectional;
}
constexpr bool StreamsFromServer(CallKind kind) {
  return kind == CallKind::kServerStreaming || kind == CallKind::kBidirectional;
}

struct TargetMethod {
  // `/meanwhile.v1.Meanwhile/Fetch`.
  std::string path = {};
  CallKind kind = CallKind::kUnary;
  // What reports call it; the path without its first slash when empty. Methods may have the same.
  std::string label = {};

  std::string name() const { return label.empty() ? path.substr(1) : label; }
};

struct OutgoingCall {
  static constexpr std::size_t kNotFixed = static_cast<std::size_t>(-1);

  // Of the plan's methods.
  std::size_t method = 0;
  // Encoded; exactly one unless the method streams to the server. Valid until the source's next call.
  absl::Span<const std::string> messages = {};
  // Which of the plan's fixed calls it is; kNotFixed when its messages were made for it alone.
  std::size_t fixed = kNotFixed;
};

class CallSource {
 public:
  virtual ~CallSource() = default;
  virtual OutgoingCall Next() = 0;
};

struct FixedCall {
  std::size_t method = 0;
  std::vector<std::string> messages = {};
};

struct CallPlan {
  // The call of that number, as a source gives it.
  OutgoingCall Fixed(std::size_t number) const { return {fixed[number].method, fixed[number].messages, number}; }

  // What reports call the methods: each name once, in the order of the methods.
  std::vector<std::string> names() const;

  // At least one.
  std::vector<TargetMethod> methods = {};
  std::vector<FixedCall> fixed = {};
  // Of engine number `engine`; it may refer to the plan.
  std::function<std::unique_ptr<CallSource>(const CallPlan& plan, std::size_t engine)> make_source = nullptr;
};

// The same call again and again.
std::shared_ptr<const CallPlan> RepeatedCall(const TargetMethod& method, std::vector<std::string> messages);
// The fixed calls in turn, the next engine beginning with the next one.
std::shared_ptr<const CallPlan> CallsInTurn(std::vector<TargetMethod> methods, std::vector<FixedCall> calls);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_ENGINE_CALL_SOURCE_H_
