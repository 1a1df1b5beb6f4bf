// ReconnectBackoff: how long to wait before the next attempt to connect. The same as the reference client is told
// (client/channel_pool.cc): soon after a server has come up, and never more than once a second for long.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_RECONNECT_BACKOFF_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_RECONNECT_BACKOFF_H_

#include <algorithm>
#include <chrono>

namespace meanwhile::http2 {

class ReconnectBackoff {
 public:
  static constexpr std::chrono::milliseconds kShortest{100};
  static constexpr std::chrono::milliseconds kLongest{1000};

  // An attempt has failed: the time until the next. `spread`, in [0, 1), keeps many connections from coming back all at
  // once: it takes off up to a fifth.
  std::chrono::nanoseconds Next(double spread) {
    const std::chrono::duration<double, std::nano> delay = delay_ * (1 - 0.2 * spread);
    delay_ = std::min<std::chrono::nanoseconds>(delay_ * 8 / 5, kLongest);
    return std::chrono::duration_cast<std::chrono::nanoseconds>(delay);
  }

  // An attempt has succeeded.
  void Reset() { delay_ = kShortest; }

 private:
  std::chrono::nanoseconds delay_ = kShortest;
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_RECONNECT_BACKOFF_H_
