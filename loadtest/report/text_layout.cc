#include "loadtest/report/text_layout.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace meanwhile {
namespace {

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// The length of the UTF-8 character that `text` begins with, or 0 when it begins with none.
std::size_t CharacterLength(absl::string_view text) {
  const unsigned char lead = text[0];
  const std::size_t length = lead < 0x80                   ? 1
                             : lead >= 0xC2 && lead < 0xE0 ? 2
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  return length;
}

// The control characters: U+0000 to U+001F and U+007F to U+009F.
bool IsControl(absl::string_view character) {
  const unsigned char lead = character[0];
  if (character.size() == 1) return lead < 0x20 || lead == 0x7F;
  return lead == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

std::string Pad(std::size_t used, std::size_t width) { return std::string(width > used ? width - used : 0, ' '); }

// Puts `pieces` into lines, `separator` between two of a line and `line_break` between lines.
std::string Fill(const std::vector<std::string>& pieces, absl::string_view separator, absl::string_view line_break,
                 std::size_t width) {
  std::string result;
  std::size_t used = 0;
  for (const std::string& piece : pieces) {
    const std::size_t needed = TextWidth(piece);
    if (used == 0) {
      used = needed;
    } else if (used + TextWidth(separator) + needed <= width) {
      absl::StrAppend(&result, separator);
      used += TextWidth(separator) + needed;
    } else {
      absl::StrAppend(&result, line_break);
      used = line_break.size() - 1 + needed;
    }
    absl::StrAppend(&result, piece);
  }
  return result;
}

}  // namespace

std::string Printable(absl::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    const absl::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    if (character == "\n") {
      absl::StrAppend(&result, "\\n");
    } else if (length == 0 || IsControl(character)) {
      for (const unsigned char byte : character) absl::StrAppendFormat(&result, "\\x%02x", byte);
    } else {
      absl::StrAppend(&result, character);
    }
    text.remove_prefix(character.size());
  }
  return result;
}

std::size_t TextWidth(absl::string_view text) {
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), IsContinuation));
}

std::string Shortened(absl::string_view text, std::size_t width) {
  if (TextWidth(text) <= width) return std::string(text);
  std::size_t end = 0;
  for (std::size_t characters = 0; characters < width; ++end) characters += !IsContinuation(text[end]);
  return absl::StrCat(text.substr(0, end - 1), "…");
}

std::string JoinItems(const std::vector<std::string>& items, std::size_t width) {
  return Fill(items, " · ", "\n", width);
}

std::string WrapWords(absl::string_view text, std::size_t width, std::size_t indent) {
  return Fill(absl::StrSplit(text, ' '), " ", absl::StrCat("\n", std::string(indent, ' ')), width);
}

std::string Bar(double share, std::size_t width) {
  constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (!(share > 0) || width == 0) return "";
  const double columns = std::min(share, 1.0) * static_cast<double>(width);
  const auto eighths = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(columns * 8)));
  std::string bar;
  for (std::size_t i = 0; i < eighths / 8; ++i) absl::StrAppend(&bar, "█");
  return absl::StrCat(bar, kEighths[eighths % 8]);
}

std::vector<std::string> TextTable::Lines(std::size_t indent) const {
  std::vector<std::size_t> widths(alignment_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], TextWidth(row[i]));
  }
  std::vector<std::string> lines;
  for (const auto& row : rows_) {
    std::string line(indent, ' ');
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding = Pad(TextWidth(row[i]), widths[i]);
      if (i > 0) absl::StrAppend(&line, "  ");
      absl::StrAppend(&line, alignment_[i] == 'r' ? padding : "", row[i], alignment_[i] == 'r' ? "" : padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace meanwhile
