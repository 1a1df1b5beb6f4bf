#include "loadtest/flags/mix_setting.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace meanwhile {
namespace {

std::string TextOf(const MixEntry& entry) {
  std::string text = absl::StrCat("call ", entry.call.text, ", weight ", entry.weight);
  const auto add = [&text](const char* key, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&text, ", ", key, " ", value);
  };
  add("name", entry.name);
  add("data", entry.data);
  add("data-file", entry.data_file);
  add("binary-file", entry.binary_file);
  add("pick", entry.pick == Pick::kRandom ? "random" : "");
  add("expect-status", entry.statuses ? entry.statuses->Names() : "");
  add("expect-json", absl::StrJoin(entry.fields, " "));
  return text;
}

}  // namespace

v1::Setting SettingOfMix(const std::vector<MixEntry>& mix) {
  v1::Setting setting;
  setting.set_name("mix");
  setting.set_value(
      absl::StrJoin(mix, "; ", [](std::string* out, const MixEntry& entry) { absl::StrAppend(out, TextOf(entry)); }));
  setting.set_given(true);
  return setting;
}

}  // namespace meanwhile
