// Interrupt: Ctrl-C (SIGINT) and SIGTERM as a notification. The first asks the program to finish and tell what it has;
// a second ends it at once.
//
// Create it in main before any other thread: it blocks both signals in the calling thread, and threads inherit that. A
// child process would inherit it too: give children an empty signal mask.

#ifndef MEANWHILE_LOADTEST_INTERRUPT_H_
#define MEANWHILE_LOADTEST_INTERRUPT_H_

#include "absl/synchronization/notification.h"

namespace meanwhile {

class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Notified at the first signal. Lives as long as the process. Any thread.
  const absl::Notification& notification() const { return notification_; }

 private:
  // The thread that waits for signals is never joined, so what it uses is never destroyed.
  absl::Notification& notification_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_INTERRUPT_H_
