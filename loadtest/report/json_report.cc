#include "loadtest/report/json_report.h"

#include "google/protobuf/util/json_util.h"

namespace meanwhile {

std::string JsonReport(const google::protobuf::Message& report) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  std::string json;
  // It fails for messages of type Any and for broken well-known types; a report holds neither.
  GOOGLE_CHECK_OK(google::protobuf::util::MessageToJsonString(report, &json, options));
  return json;
}

}  // namespace meanwhile
