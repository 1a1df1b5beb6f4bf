#include "loadtest/load/progress.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "loadtest/report/figures.h"

namespace meanwhile {
namespace {

// Back to the line's start, and away with what stands there.
constexpr char kEraseLine[] = "\r\x1b[K";

}  // namespace

std::string FormatProgress(const LoadProgress& progress) {
  std::string text = progress.warming_up ? "warming up · " : "";
  absl::StrAppend(&text, FormatCount(progress.rate), " calls/s · ",
                  FormatCount(static_cast<double>(progress.in_flight)), " in flight");
  if (progress.p99 > absl::ZeroDuration()) {
    absl::StrAppend(&text, " · p50 ", FormatSeconds(absl::ToDoubleSeconds(progress.p50)), " · p99 ",
                    FormatSeconds(absl::ToDoubleSeconds(progress.p99)));
  }
  if (progress.time_left < absl::InfiniteDuration()) {
    absl::StrAppend(&text, " · ", absl::FormatDuration(absl::Ceil(progress.time_left, absl::Seconds(1))), " left");
  }
  return text;
}

ProgressLine::ProgressLine(std::FILE* terminal) : terminal_(isatty(fileno(terminal)) != 0 ? terminal : nullptr) {}

void ProgressLine::Show(const LoadProgress& progress, absl::string_view label) {
  if (terminal_ == nullptr) return;
  std::fputs(absl::StrCat(kEraseLine, label, FormatProgress(progress)).c_str(), terminal_);
  std::fflush(terminal_);
  shown_ = true;
}

void ProgressLine::Clear() {
  if (!shown_) return;
  std::fputs(kEraseLine, terminal_);
  std::fflush(terminal_);
  shown_ = false;
}

}  // namespace meanwhile
