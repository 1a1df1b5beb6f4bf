// Activity: what a coroutine works for, such as one served call. It travels from a coroutine to what it awaits, as the
// cancellation token does; so the loop, which sees only coroutines to resume, can say whose time it has spent.
//
// Thread: the loop's. Lifetime: outlives every coroutine that works for it, and the resumption in which the last ends.

#ifndef MEANWHILE_ASYNC_ACTIVITY_H_
#define MEANWHILE_ASYNC_ACTIVITY_H_

#include <string_view>

#include "async/timer_queue.h"

namespace meanwhile::async {

class Activity {
 public:
  // For people: the name of the method, as a rule.
  virtual std::string_view name() const = 0;

  // A coroutine ran for it on the loop's thread, without a pause, from `begin` to `end`.
  virtual void OnRan(TimePoint begin, TimePoint end) = 0;

 protected:
  ~Activity() = default;
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_ACTIVITY_H_
