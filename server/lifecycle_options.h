// LifecycleOptions: how long a server takes to stop. A plain value.

#ifndef MEANWHILE_SERVER_LIFECYCLE_OPTIONS_H_
#define MEANWHILE_SERVER_LIFECYCLE_OPTIONS_H_

#include "absl/time/time.h"

namespace meanwhile {

struct LifecycleOptions {
  // After the signal to stop: how long the server goes on taking calls while its health says NOT_SERVING. For load
  // balancers, which look at health now and then and need that time to turn away; as long as two of their looks. Zero
  // where nobody looks.
  absl::Duration drain_delay = absl::ZeroDuration();

  // How long calls in flight may then go on. What is left is cancelled.
  absl::Duration grace = absl::Seconds(10);

  // How long a cancelled call may take to return before it is told on stderr, and how often it is told. No flag: what
  // is cancelled returns within 100 ms, in each model.
  absl::Duration stuck_after = absl::Seconds(5);
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_LIFECYCLE_OPTIONS_H_
