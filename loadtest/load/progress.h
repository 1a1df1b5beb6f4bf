// The progress line: how a run goes, rewritten in place twice a second. Only a terminal gets one.
//
//   28,412 calls/s · 1,000 in flight · p50 50.3 ms · p99 53.1 ms · 7 s left
//
// Thread: the one that runs the load.

#ifndef MEANWHILE_LOADTEST_LOAD_PROGRESS_H_
#define MEANWHILE_LOADTEST_LOAD_PROGRESS_H_

#include <cstdio>
#include <string>

#include "absl/strings/string_view.h"
#include "loadtest/load/load_run.h"

namespace meanwhile {

// The line's text. Pure.
std::string FormatProgress(const LoadProgress& progress);

class ProgressLine {
 public:
  // Writes to `terminal`, when it is one.
  explicit ProgressLine(std::FILE* terminal);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  // Takes the line away.
  ~ProgressLine() { Clear(); }

  // `label` stands before the figures.
  void Show(const LoadProgress& progress, absl::string_view label = "");
  void Clear();

 private:
  std::FILE* const terminal_;  // Null when there is nobody to see it.
  bool shown_ = false;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LOAD_PROGRESS_H_
