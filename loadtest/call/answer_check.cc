#include "loadtest/call/answer_check.h"

#include <google/protobuf/dynamic_message.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/flags.h"

namespace meanwhile {
namespace {

// Of a value that is told in an error.
constexpr std::size_t kMostValueBytes = 80;

int CodeOf(absl::string_view name) {
  int number = 0;
  if (absl::SimpleAtoi(name, &number)) return number >= 0 && number <= 16 ? number : -1;
  for (int code = 0; code <= 16; ++code) {
    if (name == absl::StatusCodeToString(static_cast<absl::StatusCode>(code))) return code;
  }
  return -1;
}

class Checker final : public AnswerChecker {
 public:
  Checker(const std::vector<AnswerChecks>& checks, std::size_t slots) : checks_(checks), calls_(slots) {
    for (const AnswerChecks& of_method : checks) {
      messages_.emplace_back();
      if (of_method.fields.empty()) continue;
      messages_.back().reset(factory_.GetPrototype(&of_method.method.response())->New());
    }
  }

  void OnSent(std::size_t slot, std::size_t method) override { calls_[slot].method = method; }

  void OnMessage(std::size_t slot, absl::string_view message) override {
    Call& call = calls_[slot];
    if (checks_[call.method].fields.empty()) return;
    call.answered = true;
    if (call.mismatch.empty()) call.mismatch = MismatchIn(message, call.method);
  }

  JudgedEnd OnCallEnded(std::size_t slot, const CallEnd& end) override {
    Call call = std::exchange(calls_[slot], Call());
    const AnswerChecks& checks = checks_[call.method];
    if (!checks.statuses.Has(end.code)) {
      if (end.code != absl::StatusCode::kOk) return {Verdict::kFailed, end.message};
      why_ = absl::StrCat("expected status ", checks.statuses.Names());
      return {Verdict::kFailed, why_};
    }
    if (!checks.fields.empty() && !call.answered && end.code == absl::StatusCode::kOk) {
      call.mismatch = checks.fields.front().MismatchOf("no message");
    }
    if (call.mismatch.empty()) return {Verdict::kSucceeded, {}};
    why_ = std::move(call.mismatch);
    return {Verdict::kWrongAnswer, why_};
  }

 private:
  struct Call {
    std::size_t method = 0;
    bool answered = false;
    std::string mismatch;
  };

  std::string MismatchIn(absl::string_view encoded, std::size_t method) {
    const AnswerChecks& checks = checks_[method];
    google::protobuf::Message& message = *messages_[method];
    if (!message.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) {
      return checks.fields.front().MismatchOf(absl::StrCat("no ", checks.method.response().full_name()));
    }
    for (const ExpectedField& field : checks.fields) {
      if (std::string mismatch = field.Mismatch(message); !mismatch.empty()) return mismatch;
    }
    return "";
  }

  const std::vector<AnswerChecks>& checks_;
  std::vector<Call> calls_;  // By slot.
  google::protobuf::DynamicMessageFactory factory_;
  std::vector<std::unique_ptr<google::protobuf::Message>> messages_;  // By method; null where no field is looked at.
  std::string why_;
};

}  // namespace

absl::StatusOr<ExpectedStatuses> ExpectedStatuses::Parse(absl::string_view flag, absl::string_view text) {
  ExpectedStatuses statuses;
  statuses.expected_.fill(false);
  for (const absl::string_view name : absl::StrSplit(text, ',')) {
    const int code = CodeOf(name);
    if (code < 0) {
      return absl::InvalidArgumentError(
          FlagError(flag, text, "must be a status such as OK or NOT_FOUND, or several with commas between them"));
    }
    statuses.expected_[static_cast<std::size_t>(code)] = true;
  }
  return statuses;
}

void ExpectedStatuses::Add(const ExpectedStatuses& other) {
  for (std::size_t i = 0; i < expected_.size(); ++i) expected_[i] |= other.expected_[i];
}

std::string ExpectedStatuses::Names() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < expected_.size(); ++i) {
    if (expected_[i]) names.push_back(absl::StatusCodeToString(static_cast<absl::StatusCode>(i)));
  }
  return absl::StrJoin(names, " or ");
}

ExpectedField::ExpectedField(FieldPath path, std::string text, std::string value)
    : path_(std::move(path)), text_(std::move(text)), value_(std::move(value)) {}

absl::StatusOr<ExpectedField> ExpectedField::Parse(absl::string_view flag, absl::string_view text,
                                                   const Method& method) {
  const std::size_t equals = text.find('=');
  if (equals == absl::string_view::npos || equals == 0) {
    return absl::InvalidArgumentError(FlagError(flag, text, "must be PATH=VALUE, as status.code=1 or items[0].name=x"));
  }
  absl::StatusOr<FieldPath> path = FieldPath::Parse(method.response(), text.substr(0, equals));
  if (!path.ok()) return absl::InvalidArgumentError(FlagError(flag, text, path.status().message()));
  absl::StatusOr<std::string> value = path->Normalized(text.substr(equals + 1));
  if (!value.ok()) return absl::InvalidArgumentError(FlagError(flag, text, value.status().message()));
  return ExpectedField(*std::move(path), std::string(text), *std::move(value));
}

std::string ExpectedField::Mismatch(const google::protobuf::Message& message) const {
  const std::optional<std::string> was = path_.TextAt(message);
  if (!was) return MismatchOf("not there");
  return *was == value_ ? "" : MismatchOf(*was);
}

std::string ExpectedField::MismatchOf(absl::string_view was) const {
  const bool is_long = was.size() > kMostValueBytes;
  return absl::StrCat("expected ", text_, ", was ", was.substr(0, kMostValueBytes), is_long ? "…" : "");
}

std::unique_ptr<AnswerChecker> MakeAnswerChecker(const std::vector<AnswerChecks>& checks, std::size_t slots) {
  return std::make_unique<Checker>(checks, slots);
}

}  // namespace meanwhile
