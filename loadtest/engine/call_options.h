// CallOptions: how calls are sent, whichever methods they are of. StreamOptions: how those send that stream to the
// server.

#ifndef MEANWHILE_LOADTEST_ENGINE_CALL_OPTIONS_H_
#define MEANWHILE_LOADTEST_ENGINE_CALL_OPTIONS_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "loadtest/engine/call_source.h"

namespace meanwhile {

struct StreamOptions {
  // How many messages a call with `own` messages sends.
  uint64_t MessagesOf(CallKind kind, std::size_t own) const {
    return StreamsToServer(kind) && messages > 0 && own > 0 ? messages : own;
  }
  // How many of `total` may have been sent so long after the first.
  uint64_t DueAfter(std::chrono::nanoseconds elapsed, uint64_t total) const {
    if (interval.count() <= 0) return total;
    return std::min(total, 1 + static_cast<uint64_t>(std::max<int64_t>(0, elapsed.count()) / interval.count()));
  }

  // Messages of each call: its own over and over until it is so many. 0 for its own, each once.
  uint64_t messages = 0;
  // From one message to the next, counted from the first, so that nobody's lateness moves those that follow.
  std::chrono::nanoseconds interval{0};
};

struct CallOptions {
  // Names in lower case. Values of names in `-bin` are bytes, the others printable ASCII.
  std::vector<std::pair<std::string, std::string>> metadata = {};
  // Compress the messages.
  bool gzip = false;
  // A call that is sent while its connection does not stand waits for it; else it ends with UNAVAILABLE when the
  // present attempt to connect, or the next, fails.
  bool wait_for_ready = false;
  StreamOptions stream = {};
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_ENGINE_CALL_OPTIONS_H_
