#include "loadtest/servers/last_lines.h"

#include "absl/strings/str_cat.h"

namespace meanwhile {

void LastLines::Append(absl::string_view text) {
  const absl::MutexLock lock(&mutex_);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string& line = lines_.back();
    absl::StrAppend(&line, text.substr(0, end).substr(0, kLineSize - line.size()));
    if (end == absl::string_view::npos) return;
    text.remove_prefix(end + 1);
    lines_.emplace_back();
    if (lines_.size() > kLines + 1) lines_.pop_front();
  }
}

std::vector<std::string> LastLines::Get() const {
  const absl::MutexLock lock(&mutex_);
  std::vector<std::string> lines(lines_.begin(), lines_.end());
  if (lines.back().empty()) lines.pop_back();
  if (lines.size() > kLines) lines.erase(lines.begin());
  return lines;
}

}  // namespace meanwhile
