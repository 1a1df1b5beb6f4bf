#include "loadtest/flags/settings.h"

#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace meanwhile {
namespace {

constexpr char kMetadataFlag[] = "metadata";

}  // namespace

google::protobuf::RepeatedPtrField<v1::Setting> SettingsOf(const CLI::App& command) {
  google::protobuf::RepeatedPtrField<v1::Setting> settings;
  for (const CLI::Option* option : command.get_options()) {
    const std::string name(absl::StripPrefix(option->get_name(), "--"));
    std::string value = option->count() > 0 ? absl::StrJoin(option->results(), " ") : option->get_default_str();
    if (value.empty()) continue;
    if (name == kMetadataFlag) value = "(not told)";
    v1::Setting* setting = settings.Add();
    setting->set_name(name);
    setting->set_value(value);
    setting->set_given(option->count() > 0);
  }
  return settings;
}

void AddSettings(const CLI::App& command, v1::RunReport* report) {
  report->mutable_settings()->MergeFrom(SettingsOf(command));
}

}  // namespace meanwhile
