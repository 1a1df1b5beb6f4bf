#include "loadtest/engine/call_source.h"

#include <algorithm>
#include <utility>

namespace meanwhile {
namespace {

class InTurn final : public CallSource {
 public:
  InTurn(const CallPlan& plan, std::size_t first) : plan_(plan), next_(first % plan.fixed.size()) {}

  OutgoingCall Next() override {
    const OutgoingCall call = plan_.Fixed(next_);
    if (++next_ == plan_.fixed.size()) next_ = 0;
    return call;
  }

 private:
  const CallPlan& plan_;
  std::size_t next_;
};

}  // namespace

std::vector<std::string> CallPlan::names() const {
  std::vector<std::string> names;
  for (const TargetMethod& method : methods) {
    if (std::find(names.begin(), names.end(), method.name()) == names.end()) names.push_back(method.name());
  }
  return names;
}

std::shared_ptr<const CallPlan> RepeatedCall(const TargetMethod& method, std::vector<std::string> messages) {
  return CallsInTurn({method}, {{0, std::move(messages)}});
}

std::shared_ptr<const CallPlan> CallsInTurn(std::vector<TargetMethod> methods, std::vector<FixedCall> calls) {
  auto plan = std::make_shared<CallPlan>();
  plan->methods = std::move(methods);
  plan->fixed = std::move(calls);
  plan->make_source = [](const CallPlan& of, std::size_t engine) { return std::make_unique<InTurn>(of, engine); };
  return plan;
}

}  // namespace meanwhile
