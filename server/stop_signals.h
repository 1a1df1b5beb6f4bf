// StopSignals: SIGTERM and SIGINT, taken in order by whoever waits for them instead of by a handler.
//
// It is made before anything else in main: it blocks the signals in its thread, and threads that are started later
// inherit that. From then on no signal to stop is lost and none ends the process by itself; one that comes before
// somebody waits is found by the first Next. Two of one kind that come before the first is taken count as one.
//
// Thread: made and destroyed on the main thread; Next on one thread at a time.

#ifndef MEANWHILE_SERVER_STOP_SIGNALS_H_
#define MEANWHILE_SERVER_STOP_SIGNALS_H_

#include <optional>

#include "absl/time/time.h"

namespace meanwhile {

// A thing that happens once, on any thread, and that Next ends its wait for.
class Event {
 public:
  Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event();

  void Set() const;
  bool is_set() const;
  // Readable once it is set.
  int fd() const { return fd_; }

 private:
  const int fd_;
};

class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  // The signals stay blocked.
  ~StopSignals();

  // The number of the next signal. None when `deadline` passes, or `event`, if there is one, is set, before it comes.
  std::optional<int> Next(absl::Time deadline, const Event* event = nullptr);

 private:
  int fd_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_STOP_SIGNALS_H_
