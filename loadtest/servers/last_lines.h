// LastLines: the end of what somebody wrote, in constant memory, to be shown when something went wrong.
//
// Thread: any.

#ifndef MEANWHILE_LOADTEST_SERVERS_LAST_LINES_H_
#define MEANWHILE_LOADTEST_SERVERS_LAST_LINES_H_

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace meanwhile {

class LastLines {
 public:
  static constexpr std::size_t kLines = 20;
  // Bytes of a line that are kept, from its beginning.
  static constexpr std::size_t kLineSize = 1000;

  // Takes more of the text. A line may come in pieces.
  void Append(absl::string_view text);

  // The last lines, one without its end included.
  std::vector<std::string> Get() const;

 private:
  mutable absl::Mutex mutex_;
  // The last one is still growing, and empty after a line's end.
  std::deque<std::string> lines_ ABSL_GUARDED_BY(mutex_) = {""};
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_SERVERS_LAST_LINES_H_
