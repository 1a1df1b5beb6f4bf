// MessageEncoder: messages of one type out of JSON (protobuf's JSON mapping) into the bytes that are sent.
//
// Thread: any; it does not change. The schema outlives it.

#ifndef MEANWHILE_LOADTEST_CALL_MESSAGE_ENCODER_H_
#define MEANWHILE_LOADTEST_CALL_MESSAGE_ENCODER_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/type_resolver.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace meanwhile {

class MessageEncoder {
 public:
  explicit MessageEncoder(const google::protobuf::Descriptor& type);

  // Replaces `encoded`. INVALID_ARGUMENT says what is wrong, in one line: `is no meanwhile.v1.FetchRequest: …`.
  absl::Status Encode(absl::string_view json, std::string* encoded) const;

  // The same for what is encoded already.
  absl::Status Check(absl::string_view encoded) const;

 private:
  const google::protobuf::Descriptor& type_;
  const std::string type_url_;
  const std::unique_ptr<google::protobuf::util::TypeResolver> resolver_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_MESSAGE_ENCODER_H_
