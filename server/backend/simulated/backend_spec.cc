#include "server/backend/simulated/backend_spec.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/backend/simulated/shortest_decimal.h"

namespace meanwhile {
namespace {

// Longer than any spec that says something, and short enough to be quoted in an error.
constexpr size_t kMaxTextLength = 256;

constexpr uint32_t kMaxWaits = 1'000'000;

absl::Status Refuse(absl::string_view part, absl::string_view bound) {
  return absl::InvalidArgumentError(absl::StrCat(part, ": ", bound));
}

// CANCELLED, the first after OK, to UNAUTHENTICATED, the last.
std::vector<absl::StatusCode> ErrorCodes() {
  std::vector<absl::StatusCode> codes;
  for (int code = 1; code <= static_cast<int>(absl::StatusCode::kUnauthenticated); ++code) {
    codes.push_back(static_cast<absl::StatusCode>(code));
  }
  return codes;
}

// Each of the functions below reads the VALUE of an option KEY=VALUE into the spec.

absl::Status ReadFail(absl::string_view value, BackendSpec& spec) {
  const size_t colon = value.find(':');
  const absl::string_view rate = value.substr(0, colon);
  if (!absl::SimpleAtod(rate, &spec.fail_rate) || !(spec.fail_rate >= 0 && spec.fail_rate <= 1)) {
    return Refuse(absl::StrCat("fail=", rate), "must be from 0 to 1");
  }
  if (colon == absl::string_view::npos) return absl::OkStatus();
  const absl::string_view name = value.substr(colon + 1);
  for (const absl::StatusCode code : ErrorCodes()) {
    if (name == absl::StatusCodeToString(code)) {
      spec.fail_status = code;
      return absl::OkStatus();
    }
  }
  const auto append_name = [](std::string* out, absl::StatusCode code) {
    absl::StrAppend(out, absl::StatusCodeToString(code));
  };
  return Refuse(absl::StrCat("fail=", value),
                absl::StrCat("STATUS must be one of ", absl::StrJoin(ErrorCodes(), ", ", append_name)));
}

template <typename Number>
absl::Status ReadCount(absl::string_view key, absl::string_view value, Number lowest, Number highest,
                       std::optional<Number>& count) {
  Number number;
  if (!absl::SimpleAtoi(value, &number) || number < lowest || number > highest) {
    return Refuse(absl::StrCat(key, "=", value), absl::StrCat("must be from ", lowest, " to ", highest));
  }
  count = number;
  return absl::OkStatus();
}

absl::Status ReadOption(absl::string_view key, absl::string_view value, BackendSpec& spec) {
  if (key == "fail") return ReadFail(value, spec);
  if (key == "capacity") return ReadCount<uint32_t>(key, value, 1, kMaxWaits, spec.capacity);
  if (key == "queue") return ReadCount<uint32_t>(key, value, 0, kMaxWaits, spec.queue);
  if (key == "seed") return ReadCount<uint64_t>(key, value, 0, std::numeric_limits<uint64_t>::max(), spec.seed);
  return Refuse(key, "unknown option, must be one of fail=RATE:STATUS, capacity=N, queue=M, seed=S");
}

absl::StatusOr<BackendSpec> ParseParts(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ',');
  // The distribution's arguments reach to the first option.
  size_t distribution_parts = 1;
  while (distribution_parts < parts.size() && !absl::StrContains(parts[distribution_parts], '=')) ++distribution_parts;
  absl::StatusOr<LatencyDistribution> latency =
      LatencyDistribution::Parse(absl::StrJoin(parts.begin(), parts.begin() + distribution_parts, ","));
  if (!latency.ok()) return latency.status();

  BackendSpec spec{.latency = *latency};
  std::vector<absl::string_view> keys;
  for (size_t i = distribution_parts; i < parts.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> option = absl::StrSplit(parts[i], absl::MaxSplits('=', 1));
    const auto& [key, value] = option;
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) return Refuse(key, "given twice");
    keys.push_back(key);
    if (absl::Status status = ReadOption(key, value, spec); !status.ok()) return status;
  }
  if (spec.queue.has_value() && !spec.capacity.has_value()) {
    return Refuse(absl::StrCat("queue=", *spec.queue), "needs capacity=N");
  }
  return spec;
}

// Puts the text before an error, unless the error is about all of it.
absl::Status About(absl::string_view text, const absl::Status& error) {
  const bool says_it = absl::StartsWith(error.message(), absl::StrCat(text, ": "));
  return absl::InvalidArgumentError(
      absl::CEscape(says_it ? error.message() : absl::StrCat(text, ": ", error.message())));
}

}  // namespace

absl::StatusOr<BackendSpec> ParseBackendSpec(absl::string_view text) {
  if (text.size() > kMaxTextLength) {
    return absl::InvalidArgumentError(absl::StrCat(text.size(), " characters: must be at most ", kMaxTextLength));
  }
  absl::StatusOr<BackendSpec> spec = ParseParts(text);
  if (!spec.ok()) return About(text, spec.status());
  return spec;
}

absl::StatusOr<BackendSpec> ParseRequestedSpec(absl::string_view text) {
  const absl::string_view bound = "belongs to the backend of the server, not to a request";
  // Before the file is read, or even looked for: that is not the client's to ask.
  if (text.size() <= kMaxTextLength && text.substr(0, text.find_first_of(":,")) == "trace") {
    return About(text, Refuse("trace", bound));
  }
  absl::StatusOr<BackendSpec> spec = ParseBackendSpec(text);
  if (!spec.ok()) return spec;
  if (spec->capacity.has_value()) return About(text, Refuse("capacity", bound));
  if (spec->queue.has_value()) return About(text, Refuse("queue", bound));
  if (spec->seed.has_value()) return About(text, Refuse("seed", bound));
  return spec;
}

std::string ToString(const BackendSpec& spec) {
  std::string text = spec.latency.ToString();
  const BackendSpec no_options{.latency = spec.latency};
  if (spec.fail_rate != no_options.fail_rate || spec.fail_status != no_options.fail_status) {
    absl::StrAppend(&text, ",fail=", ShortestDecimal(spec.fail_rate), ":", absl::StatusCodeToString(spec.fail_status));
  }
  if (spec.capacity.has_value()) absl::StrAppend(&text, ",capacity=", *spec.capacity);
  if (spec.queue.has_value()) absl::StrAppend(&text, ",queue=", *spec.queue);
  if (spec.seed.has_value()) absl::StrAppend(&text, ",seed=", *spec.seed);
  return text;
}

}  // namespace meanwhile
