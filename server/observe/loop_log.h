// LogBlockedLoop: says on the log for what a loop was blocked: what EventLoop::set_blocked_observer takes.
//
// A warning in builds with assertions, whose author looks for such handlers. Elsewhere a busy machine is enough for it,
// and the metric meanwhile_loop_blocked_total tells of it; there the line is for --log-level=debug.
//
// Thread: the loop's.

#ifndef MEANWHILE_SERVER_OBSERVE_LOOP_LOG_H_
#define MEANWHILE_SERVER_OBSERVE_LOOP_LOG_H_

#include <string_view>

#include "async/timer_queue.h"

namespace meanwhile {

void LogBlockedLoop(std::string_view name, async::Duration run);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_LOOP_LOG_H_
