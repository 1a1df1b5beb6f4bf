#include "loadtest/run/phases.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "loadtest/load/load_shape.h"

namespace meanwhile {
namespace {

constexpr char kForm[] = "each must have rps and duration, or load";

absl::StatusOr<std::string> ShapeOf(const ConfigNode& phase) {
  const ConfigNode* rate = nullptr;
  const ConfigNode* duration = nullptr;
  const ConfigNode* load = nullptr;
  for (const ConfigNode& entry : phase.children) {
    const ConfigNode** place = entry.key == "rps"        ? &rate
                               : entry.key == "duration" ? &duration
                               : entry.key == "load"     ? &load
                                                         : nullptr;
    if (place == nullptr) return ConfigError(entry, absl::StrCat("unknown key of a phase; ", kForm));
    if (entry.kind != ConfigNode::Kind::kText) return ConfigError(entry, "must be a single value");
    *place = &entry;
  }
  const bool is_rate = rate != nullptr && duration != nullptr && load == nullptr;
  const bool is_shape = rate == nullptr && duration == nullptr && load != nullptr;
  if (!is_rate && !is_shape) return ConfigError(phase, kForm);
  if (is_shape) {
    const absl::StatusOr<LoadShape> shape = ParseLoadShape("--load", load->text, nullptr);
    return shape.ok() ? absl::StatusOr<std::string>(load->text) : ConfigError(*load, shape.status());
  }
  if (const auto parsed = ParseRate("--rps", rate->text); !parsed.ok()) return ConfigError(*rate, parsed.status());
  const std::string text = absl::StrCat("step:", rate->text, "/", duration->text);
  absl::Duration ignored;
  if (!absl::ParseDuration(duration->text, &ignored) || !ParseLoadShape("--load", text, nullptr).ok()) {
    return ConfigError(*duration, absl::StrCat(duration->text, ": must be a duration from 1ms to 24h"));
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> LoadOfPhases(const ConfigNode& phases) {
  if (phases.kind != ConfigNode::Kind::kList || phases.children.empty()) {
    return ConfigError(phases, absl::StrCat("must be a list of phases; ", kForm));
  }
  std::vector<std::string> shapes;
  for (ConfigNode phase : phases.children) {
    phase.key = phases.key;
    const absl::StatusOr<std::string> shape = ShapeOf(phase);
    if (!shape.ok()) return shape.status();
    shapes.push_back(*shape);
  }
  return absl::StrJoin(shapes, "+");
}

}  // namespace meanwhile
