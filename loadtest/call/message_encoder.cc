#include "loadtest/call/message_encoder.h"

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace meanwhile {
namespace {

constexpr char kUrlPrefix[] = "type.googleapis.com";

// protobuf tells some errors in three lines: what is wrong, the text around it, and a caret below the place.
std::string OneLine(absl::string_view error) {
  const std::vector<absl::string_view> lines = absl::StrSplit(error, '\n');
  if (lines.size() < 3) return std::string(lines[0]);
  const std::size_t place = lines[2].find('^');
  if (place >= lines[1].size()) return absl::StrCat(lines[0], " at the end of '", lines[1], "'");
  return absl::StrCat(lines[0], " at '", lines[1].substr(place), "'");
}

}  // namespace

MessageEncoder::MessageEncoder(const google::protobuf::Descriptor& type)
    : type_(type),
      type_url_(absl::StrCat(kUrlPrefix, "/", type.full_name())),
      resolver_(google::protobuf::util::NewTypeResolverForDescriptorPool(kUrlPrefix, type.file()->pool())) {}

absl::Status MessageEncoder::Encode(absl::string_view json, std::string* encoded) const {
  encoded->clear();
  const auto status =
      google::protobuf::util::JsonToBinaryString(resolver_.get(), type_url_, {json.data(), json.size()}, encoded);
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("is no ", type_.full_name(), ": ", OneLine({status.message().data(), status.message().size()})));
}

absl::Status MessageEncoder::Check(absl::string_view encoded) const {
  google::protobuf::DynamicMessageFactory factory;
  const std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(&type_)->New());
  if (message->ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("is no encoded ", type_.full_name()));
}

}  // namespace meanwhile
