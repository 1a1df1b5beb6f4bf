// CallData: what the calls of one method send: entries, each with the messages of a call, out of JSON or of bytes.
//
// An entry whose text has no template in it is encoded once, here. One that has is compiled here, filled and encoded
// once to see whether it can be, and again for each call.
//
// Thread: any; it does not change, and keeps its schema alive.

#ifndef MEANWHILE_LOADTEST_CALL_CALL_DATA_H_
#define MEANWHILE_LOADTEST_CALL_CALL_DATA_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "loadtest/call/message_encoder.h"
#include "loadtest/call/schema.h"
#include "loadtest/call/template.h"

namespace meanwhile {

class CallData {
 public:
  struct Message {
    // Empty when there is a template.
    std::string encoded;
    // Null when the message is the same in each call.
    std::shared_ptr<const Template> text = nullptr;
  };
  // The messages of a call: one, unless the method streams from the client.
  using Entry = std::vector<Message>;

  // What is written on a command line: a JSON object; or several, or an array of them, which are one entry each, or, of
  // a method that streams from the client, the messages of one call. Nothing stands for {}. `source` begins each error:
  // `--data: entry 2, line 5: …`.
  static absl::StatusOr<CallData> FromJson(const Method& method, absl::string_view source, absl::string_view json);

  // What is in a file: an array of entries, or entries one after another, as one a line. Of a method that streams from
  // the client an entry may be an array of messages.
  static absl::StatusOr<CallData> FromJsonFile(const Method& method, absl::string_view source, absl::string_view json);

  // One entry with one message, encoded already.
  static absl::StatusOr<CallData> FromBytes(const Method& method, absl::string_view source, std::string bytes);

  // At least one.
  const std::vector<Entry>& entries() const { return entries_; }
  const MessageEncoder& encoder() const { return *encoder_; }

 private:
  explicit CallData(const Method& method);

  std::shared_ptr<const Schema> schema_;
  std::shared_ptr<const MessageEncoder> encoder_;
  std::vector<Entry> entries_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_CALL_DATA_H_
