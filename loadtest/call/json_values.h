// The JSON values that stand one after another in a text, found without reading what is in them: they may hold the
// places of a template, {{…}}, inside and outside of strings, and are no JSON before those are filled.
//
// Pure functions, any thread.

#ifndef MEANWHILE_LOADTEST_CALL_JSON_VALUES_H_
#define MEANWHILE_LOADTEST_CALL_JSON_VALUES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace meanwhile {

struct JsonValue {
  // A part of the text that was split.
  absl::string_view text;
  // Where it begins, from 1 on.
  int line = 1;

  bool is_array() const { return !text.empty() && text.front() == '['; }
};

// The values of `text`, with white space between them. INVALID_ARGUMENT says in which line a bracket or a string is not
// closed, or closed without having been opened.
absl::StatusOr<std::vector<JsonValue>> SplitJsonValues(absl::string_view text);

// The elements of an array that SplitJsonValues gave.
absl::StatusOr<std::vector<JsonValue>> SplitJsonArray(const JsonValue& array);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_JSON_VALUES_H_
