// A unary call by the name of its method and the text of its request, so that a table of cases can hold any of them,
// good and bad.

#ifndef MEANWHILE_TESTS_SERVER_RAW_CALL_H_
#define MEANWHILE_TESTS_SERVER_RAW_CALL_H_

#include <memory>
#include <string>

#include "absl/time/time.h"

namespace grpc {
class Channel;
}

namespace meanwhile {

// The bytes of the request of `method` (`meanwhile.v1.Meanwhile.Fetch`) that `text`, in protobuf's text format,
// describes.
std::string Serialized(const std::string& method, const std::string& text);

// Calls `method`, which need not exist, with these bytes. What came of it, as text: `OK payload: "hello" waited { }`,
// or `INVALID_ARGUMENT rounds=0: …`. Durations of a response are masked. A response longer than 200 characters shows
// its length.
std::string CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                    const std::string& request, absl::Duration timeout);

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_SERVER_RAW_CALL_H_
