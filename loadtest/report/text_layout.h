// How text is laid out on a terminal: printable characters, lines that wrap, columns that align.
//
// Widths are counted in characters (Unicode code points), as if each took one column. Pure functions and a plain value;
// any thread.
#ifndef MEANWHILE_LOADTEST_REPORT_TEXT_LAYOUT_H_
#define MEANWHILE_LOADTEST_REPORT_TEXT_LAYOUT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace meanwhile {

// `text` with control characters and bytes that are not UTF-8 written as `\x1b`. A server's error message goes to the
// terminal of whoever tests it, where an escape sequence would be obeyed.
std::string Printable(absl::string_view text);

// How many columns `text` takes.
std::size_t TextWidth(absl::string_view text);

// `text` cut to `width` columns, at least 1; the last one tells with `…` that something is missing.
std::string Shortened(absl::string_view text, std::size_t width);

// `items` with ` · ` between, as many to a line as fit in `width` columns. A longer item gets a line of its own.
std::string JoinItems(const std::vector<std::string>& items, std::size_t width);

// The words of `text` in lines of at most `width` columns, each after the first indented by `indent`. A longer word
// gets a line of its own.
std::string WrapWords(absl::string_view text, std::size_t width, std::size_t indent);

// A horizontal bar of `share` (0 to 1) of `width` columns, exact to an eighth of a column. What is more than nothing
// shows.
std::string Bar(double share, std::size_t width);

// Rows of cells whose columns align.
class TextTable {
 public:
  // One letter a column: `l` aligns it to the left, `r` to the right.
  explicit TextTable(absl::string_view alignment) : alignment_(alignment) {}

  // Takes as many cells as there are columns.
  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  // The rows, each a line without its newline, columns two spaces apart, `indent` spaces before the first.
  std::vector<std::string> Lines(std::size_t indent) const;

 private:
  std::string alignment_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_REPORT_TEXT_LAYOUT_H_
