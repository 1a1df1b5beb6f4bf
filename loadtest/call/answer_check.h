// AnswerChecks: what the calls of a method must come to, as --expect-status and --expect-json say it:
//
//   --expect-status=OK,NOT_FOUND    these statuses are successes, and no others
//   --expect-json status.code=1     the answer has this value at this place, which field_path.h says how to write
//
// Of a stream of answers each message is looked at. What a call's answer must be is looked at only when its status is
// one of those expected and a message has come with it, or should have: with OK.
//
// Thread: the checks do not change. A checker belongs to one loop.

#ifndef MEANWHILE_LOADTEST_CALL_ANSWER_CHECK_H_
#define MEANWHILE_LOADTEST_CALL_ANSWER_CHECK_H_

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "loadtest/call/field_path.h"
#include "loadtest/call/schema.h"
#include "loadtest/measure/answer_checker.h"

namespace meanwhile {

class ExpectedStatuses {
 public:
  // OK alone.
  ExpectedStatuses() { expected_[0] = true; }

  // `OK`, or several with commas between them; names or numbers. The error is complete.
  static absl::StatusOr<ExpectedStatuses> Parse(absl::string_view flag, absl::string_view text);

  void Add(const ExpectedStatuses& other);
  bool Has(absl::StatusCode code) const { return expected_[static_cast<std::size_t>(code)]; }
  // `OK or NOT_FOUND`.
  std::string Names() const;

 private:
  std::array<bool, 17> expected_ = {};
};

class ExpectedField {
 public:
  // `PATH=VALUE` of the method's response. The error is complete.
  static absl::StatusOr<ExpectedField> Parse(absl::string_view flag, absl::string_view text, const Method& method);

  // Empty when it holds, else `expected status.code=1, was 2`.
  std::string Mismatch(const google::protobuf::Message& message) const;
  // For an answer that never came, or none of this type.
  std::string MismatchOf(absl::string_view was) const;

 private:
  ExpectedField(FieldPath path, std::string text, std::string value);

  FieldPath path_;
  std::string text_;   // As it was given.
  std::string value_;  // As the path tells values.
};

struct AnswerChecks {
  ExpectedStatuses statuses = {};
  // Of the response of `method`, which need not be set when there are none.
  std::vector<ExpectedField> fields = {};
  Method method = {};
};

// `checks` are those of each of the plan's methods, and outlive the checker.
std::unique_ptr<AnswerChecker> MakeAnswerChecker(const std::vector<AnswerChecks>& checks, std::size_t slots);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_ANSWER_CHECK_H_
