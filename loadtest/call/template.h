// Template: a text with places that are filled anew for each call, such as
//
//   {"id": "{{.UUID}}", "number": {{.CallNumber}}, "age": {{randomInt 18 99}}, "when": "{{timestamp}}"}
//
//   {{.CallNumber}}          from 0 on, different for each call of the run; also {{.RequestNumber}}
//   {{.LoopNumber}}          of the loop that sends the call, from 0 on
//   {{.UUID}}                random, version 4; also {{newUUID}}
//   {{randomInt 1 100}}      from the first to the second, both included
//   {{randomString 10}}      so many letters and digits
//   {{timestamp}}            now, as RFC 3339 in UTC; also {{.Timestamp}}
//   {{timestampUnixMilli}}   now, in milliseconds since 1970; also {{.TimestampUnixMilli}}, and as seconds or
//                            nanoseconds with Unix and UnixNano
//   {{"any text"}}           the text, such as {{ itself
//
// ghz has the same names, where it has them.
//
// Compiled once; rendering looks nothing up. Thread: any, it does not change.

#ifndef MEANWHILE_LOADTEST_CALL_TEMPLATE_H_
#define MEANWHILE_LOADTEST_CALL_TEMPLATE_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace meanwhile {

// What a template is filled with. Belongs to one thread.
struct TemplateValues {
  // Which numbers randomInt gives: any, or always an end of its range, to try whether those fit.
  enum class Draw { kAny, kLowest, kHighest };

  uint64_t call_number = 0;
  std::size_t loop_number = 0;
  absl::Time now;
  std::mt19937_64 random{};
  Draw draw = Draw::kAny;
};

class Template {
 public:
  // The error says where in the text, as `column 12` or `line 3, column 12`, and what there is.
  static absl::StatusOr<Template> Parse(absl::string_view text);

  // Whether it is the same for each call.
  bool is_constant() const;

  // Appends the text with all places filled.
  void Render(TemplateValues* values, std::string* out) const;

 private:
  enum class Kind {
    kText,
    kCallNumber,
    kLoopNumber,
    kUuid,
    kRandomInt,
    kRandomString,
    kTimestamp,
    kUnix,
    kUnixMilli,
    kUnixNano,
  };
  struct Part {
    Kind kind = Kind::kText;
    std::string text = {};  // Of kText.
    int64_t first = 0;      // Arguments.
    int64_t second = 0;
  };
  struct Function;

  static const std::vector<Function>& Functions();
  static absl::StatusOr<Part> ParseAction(absl::string_view action);
  void AddText(absl::string_view text);

  std::vector<Part> parts_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_TEMPLATE_H_
