// WaitUntil: for tests of what happens on other threads and in other processes. Looks every millisecond, and gives up after
// half a minute: a test then fails by itself instead of being killed.

#ifndef MEANWHILE_TESTS_WAIT_UNTIL_H_
#define MEANWHILE_TESTS_WAIT_UNTIL_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace meanwhile {

// How long a test waits for what must happen.
inline constexpr absl::Duration kPatience = absl::Seconds(30);

// Whether `condition()` came true.
template <typename Condition>
bool WaitUntil(Condition condition, absl::Duration patience = kPatience) {
  const absl::Time deadline = absl::Now() + patience;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(1));
  }
  return true;
}

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_WAIT_UNTIL_H_
