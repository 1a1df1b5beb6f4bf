#include "loadtest/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <thread>

namespace meanwhile {

Interrupt::Interrupt() : notification_(*new absl::Notification) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals, notification = &notification_] {
    int number = 0;
    sigwait(&signals, &number);
    notification->Notify();
    // From here on this thread takes the signals as any program does: they end it.
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    for (;;) pause();
  }).detach();
}

}  // namespace meanwhile
