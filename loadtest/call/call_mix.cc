#include "loadtest/call/call_mix.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <random>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/flags.h"
#include "loadtest/call/template.h"

namespace meanwhile {
namespace {

// Multiples of it, without their whole part, spread over [0, 1) more evenly than those of any other number.
constexpr double kGoldenRatio = 0.6180339887498949;

CallKind KindOf(const google::protobuf::MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? CallKind::kBidirectional : CallKind::kClientStreaming;
  }
  return method.server_streaming() ? CallKind::kServerStreaming : CallKind::kUnary;
}

bool IsFixed(const CallData::Entry& entry) {
  return std::all_of(entry.begin(), entry.end(), [](const auto& message) { return message.text == nullptr; });
}

// What all sources of a plan read.
struct Mix {
  struct Data {
    const CallData::Entry* entry;
    std::size_t fixed;  // In the plan; OutgoingCall::kNotFixed when it has templates.
  };

  std::vector<CallEntry> entries;
  std::vector<double> ends;             // Of each entry's part of [0, 1).
  std::vector<std::vector<Data>> data;  // Of each entry.
  uint64_t seed = 1;
  // How many sources there have been.
  mutable std::atomic<uint64_t> next_source = 0;
  // The number of the next call with a template.
  mutable std::atomic<uint64_t> next_number = 0;
  std::shared_ptr<UnmadeCalls> unmade = std::make_shared<UnmadeCalls>();
};

class Source final : public CallSource {
 public:
  Source(const CallPlan& plan, std::shared_ptr<const Mix> mix, std::size_t engine)
      : plan_(plan), mix_(std::move(mix)), place_(static_cast<double>(engine) * kGoldenRatio) {
    // The next engine begins with the next entry.
    turns_.assign(mix_->entries.size(), engine);
    messages_.resize(mix_->entries.size());
    // When the plan is measured once more its templates draw other values: an identifier is there once.
    std::seed_seq seed{mix_->seed, uint64_t{engine}, mix_->next_source.fetch_add(1, std::memory_order_relaxed)};
    values_.random.seed(seed);
    values_.loop_number = engine;
  }

  OutgoingCall Next() override {
    const std::size_t method = NextMethod();
    const Mix::Data& data = NextData(method);
    if (data.fixed != OutgoingCall::kNotFixed) return plan_.Fixed(data.fixed);
    values_.call_number = mix_->next_number.fetch_add(1, std::memory_order_relaxed);
    values_.now = absl::Now();
    std::vector<std::string>& messages = messages_[method];
    messages.resize(data.entry->size());
    for (std::size_t i = 0; i < messages.size(); ++i) Make((*data.entry)[i], method, &messages[i]);
    return {method, messages};
  }

 private:
  std::size_t NextMethod() {
    if (mix_->entries.size() == 1) return 0;
    place_ += kGoldenRatio;
    place_ -= std::floor(place_);
    const auto end = std::upper_bound(mix_->ends.begin(), mix_->ends.end(), place_);
    return static_cast<std::size_t>(std::min(end, mix_->ends.end() - 1) - mix_->ends.begin());
  }

  const Mix::Data& NextData(std::size_t method) {
    const std::vector<Mix::Data>& data = mix_->data[method];
    if (data.size() == 1) return data.front();
    if (mix_->entries[method].pick == Pick::kRandom) {
      return data[std::uniform_int_distribution<std::size_t>(0, data.size() - 1)(values_.random)];
    }
    return data[turns_[method]++ % data.size()];
  }

  void Make(const CallData::Message& message, std::size_t method, std::string* encoded) {
    if (message.text == nullptr) {
      *encoded = message.encoded;
      return;
    }
    json_.clear();
    message.text->Render(&values_, &json_);
    if (absl::Status status = mix_->entries[method].data.encoder().Encode(json_, &made_); !status.ok()) {
      mix_->unmade->Add(absl::StrCat(json_, " ", status.message()));
      return;
    }
    encoded->swap(made_);
  }

  const CallPlan& plan_;
  const std::shared_ptr<const Mix> mix_;
  double place_;                    // In [0, 1): whose part it is in is called next.
  std::vector<std::size_t> turns_;  // Of each method's data.
  TemplateValues values_;
  std::string json_;
  std::string made_;
  // Those made last, of each entry of the mix: what is sent again must be of the same method.
  std::vector<std::vector<std::string>> messages_;
};

}  // namespace

absl::StatusOr<Pick> ParsePick(absl::string_view flag, absl::string_view text) {
  if (text == "round-robin") return Pick::kRoundRobin;
  if (text == "random") return Pick::kRandom;
  return absl::InvalidArgumentError(FlagError(flag, text, "must be round-robin or random"));
}

void UnmadeCalls::Add(absl::string_view error) {
  const absl::MutexLock lock(&mutex_);
  if (count_++ == 0) first_error_ = std::string(error.substr(0, 200));
}

std::string UnmadeCalls::Problem() const {
  const absl::MutexLock lock(&mutex_);
  if (count_ == 0) return "";
  return absl::StrCat("the templates of ", count_,
                      " messages came out as none, and the one before was sent again: ", first_error_);
}

CallMix MixCalls(std::vector<CallEntry> entries, uint64_t seed) {
  auto mix = std::make_shared<Mix>();
  mix->entries = std::move(entries);
  mix->seed = seed;
  auto plan = std::make_shared<CallPlan>();
  double whole = 0;
  for (const CallEntry& entry : mix->entries) whole += entry.weight;
  double end = 0;
  for (std::size_t i = 0; i < mix->entries.size(); ++i) {
    const CallEntry& entry = mix->entries[i];
    plan->methods.push_back({entry.method.path(), KindOf(*entry.method.descriptor), entry.name});
    mix->ends.push_back(end += entry.weight / whole);
    std::vector<Mix::Data>& data = mix->data.emplace_back();
    for (const CallData::Entry& messages : entry.data.entries()) {
      data.push_back({&messages, OutgoingCall::kNotFixed});
      if (!IsFixed(messages)) continue;
      data.back().fixed = plan->fixed.size();
      FixedCall& fixed = plan->fixed.emplace_back();
      fixed.method = i;
      for (const CallData::Message& message : messages) fixed.messages.push_back(message.encoded);
    }
  }
  const std::shared_ptr<const UnmadeCalls> unmade = mix->unmade;
  plan->make_source = [mix = std::shared_ptr<const Mix>(std::move(mix))](const CallPlan& of, std::size_t engine) {
    return std::make_unique<Source>(of, mix, engine);
  };
  return {std::move(plan), unmade};
}

}  // namespace meanwhile
