#include "loadtest/compare/model_variant.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace meanwhile {
namespace {

struct Option {
  absl::string_view name;
  absl::string_view flag;
};

struct Model {
  absl::string_view name;
  std::vector<Option> options;
};

const std::vector<Model>& Models() {
  static const auto* const kModels = new std::vector<Model>{
      {"async", {{"loops", "--loops"}, {"armed", "--armed"}, {"threads", "--pool-threads"}, {"queue", "--pool-queue"}}},
      {"callback", {{"loops", "--loops"}, {"threads", "--pool-threads"}, {"queue", "--pool-queue"}}},
      {"thread", {{"max_pollers", "--sync-max-pollers"}}},
      {"pool", {{"threads", "--pool-threads"}, {"queue", "--pool-queue"}, {"loops", "--loops"}}},
  };
  return *kModels;
}

template <typename Named>
std::string Names(const std::vector<Named>& all) {
  return absl::StrJoin(all, ", ", [](std::string* out, const Named& one) { absl::StrAppend(out, one.name); });
}

// Null when there is none of that name.
template <typename Named>
const Named* Find(const std::vector<Named>& all, absl::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [name](const Named& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

absl::Status Invalid(absl::string_view text, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat(text, ": ", message));
}

}  // namespace

bool ModelVariant::Has(absl::string_view flag) const {
  return std::any_of(flags.begin(), flags.end(), [flag](const auto& one) { return one.first == flag; });
}

absl::StatusOr<ModelVariant> ParseModelVariant(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  const Model* model = Find(Models(), parts.front());
  if (model == nullptr) return Invalid(text, absl::StrCat("must be one of ", Names(Models())));
  ModelVariant variant{.name = std::string(text), .model = std::string(model->name), .flags = {}};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> option = absl::StrSplit(parts[i], absl::MaxSplits('=', 1));
    const Option* known = Find(model->options, option.first);
    if (known == nullptr) {
      return Invalid(text,
                     absl::StrCat(model->name, " has no option ", option.first, ", only ", Names(model->options)));
    }
    std::uint64_t value = 0;
    if (!absl::SimpleAtoi(option.second, &value)) {
      return Invalid(text, absl::StrCat(known->name, " must be a whole number: ", known->name, "=64"));
    }
    if (variant.Has(known->flag)) return Invalid(text, absl::StrCat(known->name, " must be given once"));
    variant.flags.emplace_back(known->flag, value);
  }
  return variant;
}

absl::StatusOr<std::vector<ModelVariant>> ParseModelVariants(absl::string_view text) {
  std::vector<ModelVariant> variants;
  if (text == "none") return variants;
  for (const absl::string_view one : absl::StrSplit(text, ',')) {
    absl::StatusOr<ModelVariant> variant = ParseModelVariant(one);
    if (!variant.ok()) return variant.status();
    for (const ModelVariant& other : variants) {
      if (other.name == variant->name) return Invalid(one, "must be given once");
    }
    variants.push_back(*std::move(variant));
  }
  return variants;
}

}  // namespace meanwhile
