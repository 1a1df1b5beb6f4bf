// The value of `grpc-timeout`: how long the server has, in at most 8 digits and a unit.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_TIMEOUT_HEADER_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_TIMEOUT_HEADER_H_

#include <string>

#include "absl/time/time.h"

namespace meanwhile::http2 {

// In the finest unit that has room for it, rounded up: a server that gave up before its client would be told apart from
// one that is too slow. Nothing left, or less, is 1 ns, as zero is no timeout. Over 99,999,999 hours is so many hours.
std::string EncodeTimeout(absl::Duration timeout);

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_TIMEOUT_HEADER_H_
