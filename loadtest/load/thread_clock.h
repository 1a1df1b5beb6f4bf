// ThreadClock: the processor time of a thread, for others to read while it runs and after it has ended.
//
// Thread: Begin and End are the thread's own, Read is for any.

#ifndef MEANWHILE_LOADTEST_LOAD_THREAD_CLOCK_H_
#define MEANWHILE_LOADTEST_LOAD_THREAD_CLOCK_H_

#include <time.h>

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace meanwhile {

class ThreadClock {
 public:
  // The calling thread is the one whose time this is. End comes before it ends.
  void Begin();
  void End();

  // User and system time of the thread so far; of its whole life after End, 0 before Begin.
  absl::Duration Read() const;

 private:
  mutable absl::Mutex mutex_;
  std::optional<clockid_t> clock_ ABSL_GUARDED_BY(mutex_);  // While the thread runs.
  absl::Duration total_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LOAD_THREAD_CLOCK_H_
