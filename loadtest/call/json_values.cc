#include "loadtest/call/json_values.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

class Scanner {
 public:
  Scanner(absl::string_view text, int line) : text_(text), line_(line) {}

  bool AtEnd() const { return place_ >= text_.size(); }
  char next() const { return text_[place_]; }
  int line() const { return line_; }

  void Skip() {
    if (text_[place_++] == '\n') ++line_;
  }
  void SkipSpace() {
    while (!AtEnd() && absl::ascii_isspace(next())) Skip();
  }

  // The value that begins here and ends before white space, a comma or a bracket outside of it.
  absl::StatusOr<JsonValue> Take() {
    const std::size_t begin = place_;
    const int line = line_;
    std::string open;  // Brackets.
    while (!AtEnd()) {
      const char c = next();
      if (open.empty() && place_ > begin && (absl::ascii_isspace(c) || c == ',' || c == '[' || c == '{')) {
        if (!AtTemplate()) break;
      }
      if (AtTemplate()) {
        if (absl::Status status = SkipTemplate(); !status.ok()) return status;
        continue;
      }
      if (c == '"') {
        if (absl::Status status = SkipString(); !status.ok()) return status;
      } else if (c == '[' || c == '{') {
        open.push_back(c == '[' ? ']' : '}');
        Skip();
        continue;
      } else if (c == ']' || c == '}') {
        if (open.empty() && place_ > begin) break;
        if (open.empty() || open.back() != c) return Error(absl::StrCat("a ", std::string(1, c), " too many"), line_);
        open.pop_back();
        Skip();
      } else {
        Skip();
        continue;
      }
      // A string or a bracket has ended.
      if (open.empty()) break;
    }
    if (!open.empty()) return Error(absl::StrCat("a ", std::string(1, open.back()), " is missing"), line);
    return JsonValue{text_.substr(begin, place_ - begin), line};
  }

  static absl::Status Error(absl::string_view what, int line) {
    return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", what));
  }

 private:
  bool AtTemplate() const { return text_.substr(place_, 2) == "{{"; }

  absl::Status SkipTemplate() {
    const int line = line_;
    bool quoted = false;
    for (; !AtEnd(); Skip()) {
      if (next() == '"') quoted = !quoted;
      if (quoted || text_.substr(place_, 2) != "}}") continue;
      Skip();
      Skip();
      return absl::OkStatus();
    }
    return Error("{{ without }}", line);
  }

  absl::Status SkipString() {
    const int line = line_;
    Skip();
    while (!AtEnd()) {
      if (AtTemplate()) {
        if (absl::Status status = SkipTemplate(); !status.ok()) return status;
        continue;
      }
      const char c = next();
      Skip();
      if (c == '"') return absl::OkStatus();
      if (c == '\\' && !AtEnd()) Skip();
    }
    return Error("a string is not closed", line);
  }

  const absl::string_view text_;
  std::size_t place_ = 0;
  int line_;
};

}  // namespace

absl::StatusOr<std::vector<JsonValue>> SplitJsonValues(absl::string_view text) {
  std::vector<JsonValue> values;
  Scanner scanner(text, 1);
  for (scanner.SkipSpace(); !scanner.AtEnd(); scanner.SkipSpace()) {
    if (scanner.next() == ',') return Scanner::Error("a comma outside of an array", scanner.line());
    absl::StatusOr<JsonValue> value = scanner.Take();
    if (!value.ok()) return value.status();
    values.push_back(*value);
  }
  return values;
}

absl::StatusOr<std::vector<JsonValue>> SplitJsonArray(const JsonValue& array) {
  std::vector<JsonValue> values;
  Scanner scanner(array.text.substr(1, array.text.size() - 2), array.line);
  scanner.SkipSpace();
  if (scanner.AtEnd()) return values;
  while (true) {
    if (scanner.AtEnd() || scanner.next() == ',') return Scanner::Error("a value is missing", scanner.line());
    absl::StatusOr<JsonValue> value = scanner.Take();
    if (!value.ok()) return value.status();
    values.push_back(*value);
    scanner.SkipSpace();
    if (scanner.AtEnd()) return values;
    if (scanner.next() != ',') return Scanner::Error("a comma is missing between two values", scanner.line());
    scanner.Skip();
    scanner.SkipSpace();
  }
}

}  // namespace meanwhile
