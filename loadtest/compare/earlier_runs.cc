#include "loadtest/compare/earlier_runs.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "client/flags.h"
#include "client/version.h"
#include "loadtest/compare/comparison.h"
#include "loadtest/report/figures.h"
#include "loadtest/report/run_cell.h"

namespace meanwhile {
namespace {

constexpr char kBefore[] = "before";
constexpr char kAfter[] = "after";

// What calls are, how they are sent and which of them succeed, as flags of `run` say it. Runs that differ in one of
// these measured different things. How the schema became known does not matter, nor which data are picked at random.
constexpr absl::string_view kFlagsOfCalls[] = {
    "call",    "data",           "data-file",       "binary-file",     "pick",
    "mix",     "expect-status",  "expect-json",     "metadata",        "gzip",
    "timeout", "wait-for-ready", "stream-messages", "stream-interval", "payload-size",
    "wait",
};

// Of two lengths of runs that are to be alike, the longer may be so many times the shorter.
constexpr double kMostTimesLonger = 2;

// Null where a report does not tell.
const v1::Setting* FindSetting(const v1::RunReport& report, absl::string_view flag) {
  const auto setting = std::find_if(report.settings().begin(), report.settings().end(),
                                    [flag](const v1::Setting& one) { return one.name() == flag; });
  return setting == report.settings().end() ? nullptr : &*setting;
}

// What it was set to, given or not; empty where a report does not tell.
std::string SettingOf(const v1::RunReport& report, absl::string_view flag) {
  const v1::Setting* setting = FindSetting(report, flag);
  return setting == nullptr ? "" : setting->value();
}

// As CredentialFlags::over_tls has it.
absl::string_view TransportOf(const v1::RunReport& report) {
  const std::string tls = SettingOf(report, "tls");
  bool is_on = !tls.empty();
  if (is_on && !absl::SimpleAtob(tls, &is_on)) is_on = true;
  const bool over_tls = is_on || !SettingOf(report, "cacert").empty() || !SettingOf(report, "cert").empty();
  return over_tls ? "TLS" : "plaintext";
}

// What makes runs alike, by name, as text. Empty where a report does not tell.
std::vector<std::pair<std::string, std::string>> TraitsOf(const v1::RunReport& report) {
  std::vector<std::pair<std::string, std::string>> traits = {
      {"load", report.load()},
      {"engine", report.engine()},
      {"connections", absl::StrCat(report.connections())},
      {"max-in-flight", absl::StrCat(report.max_in_flight())},
      {"transport", std::string(TransportOf(report))},
      {"what was called", absl::StrJoin(report.methods(), ", ")},
  };
  for (const absl::string_view flag : kFlagsOfCalls) traits.emplace_back(std::string(flag), SettingOf(report, flag));
  return traits;
}

std::string HostOf(const v1::RunReport& report) {
  const v1::Host& host = report.host();
  return absl::StrCat(host.name(), " (", host.processors(), " × ", host.processor(), ")");
}

absl::Status CheckLoad(const EarlierRun& reference, const EarlierRun& run) {
  const auto expected = TraitsOf(reference.report);
  const auto actual = TraitsOf(run.report);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i].second == actual[i].second) continue;
    const auto told = [](const std::string& value) { return value.empty() ? "not told" : value; };
    return absl::InvalidArgumentError(absl::StrCat(run.file, " cannot be compared with ", reference.file, ": ",
                                                   actual[i].first, " is ", told(actual[i].second), " in the one and ",
                                                   told(expected[i].second), " in the other"));
  }
  return absl::OkStatus();
}

bool IsReplay(const v1::RunReport& report) { return absl::StartsWith(report.load(), "replay:"); }

// In seconds; none where a report does not tell.
std::optional<double> WarmUpOf(const v1::RunReport& report) {
  const v1::Setting* setting = FindSetting(report, "warmup");
  if (setting == nullptr) return std::nullopt;
  // As LoadFlags has it: what ends with its calls has none by default.
  if (!setting->given() && (!SettingOf(report, "total").empty() || IsReplay(report))) return 0;
  absl::Duration warmup;
  return absl::ParseDuration(setting->value(), &warmup) ? std::optional(absl::ToDoubleSeconds(warmup)) : std::nullopt;
}

// Whether the calls of the runs, as many in each, ended them: how long that took is what was measured.
bool EndedWithAsManyCalls(const std::vector<const EarlierRun*>& runs) {
  const v1::RunReport& first = runs.front()->report;
  const std::string total = SettingOf(first, "total");
  if (total.empty() && !IsReplay(first)) return false;
  // Where the time ended them after all, they were not as many.
  const auto calls = [](const v1::RunReport& report) { return report.calls() + report.not_sent(); };
  return std::all_of(runs.begin(), runs.end(), [&](const EarlierRun* run) {
    return SettingOf(run->report, "total") == total && calls(run->report) == calls(first);
  });
}

// Tells of the shortest and the longest of the runs where they are too far apart. `length` may be none.
template <typename Length>
void TellLengths(const std::vector<const EarlierRun*>& runs, absl::string_view verb, Length length,
                 v1::ComparisonReport* report) {
  const EarlierRun* shortest = nullptr;
  const EarlierRun* longest = nullptr;
  for (const EarlierRun* run : runs) {
    const std::optional<double> seconds = length(run->report);
    if (!seconds) continue;
    if (shortest == nullptr || *seconds < *length(shortest->report)) shortest = run;
    if (longest == nullptr || *seconds > *length(longest->report)) longest = run;
  }
  if (shortest == nullptr) return;
  const double low = *length(shortest->report);
  const double high = *length(longest->report);
  if (high <= kMostTimesLonger * low) return;
  report->add_problems(absl::StrCat(shortest->file, " ", verb, " for ", FormatSeconds(low), " and ", longest->file,
                                    " for ", FormatSeconds(high), ": the difference may be theirs"));
}

void TellLengths(const std::vector<EarlierRun>& before, const std::vector<EarlierRun>& after,
                 v1::ComparisonReport* report) {
  std::vector<const EarlierRun*> runs;
  for (const std::vector<EarlierRun>* side : {&before, &after}) {
    for (const EarlierRun& run : *side) runs.push_back(&run);
  }
  if (!EndedWithAsManyCalls(runs)) {
    const auto measured = [](const v1::RunReport& run) { return std::optional(run.duration_seconds()); };
    TellLengths(runs, "was measured", measured, report);
  }
  TellLengths(runs, "was warmed up", &WarmUpOf, report);
}

// In an open loop all get the rate of the first: what was asked for is the same, what came out may be a call apart.
v1::Cell RoundOf(const EarlierRun& run, const char* side, std::size_t number, std::optional<double> rate) {
  v1::Cell cell = CellOf(run.report);
  cell.set_model(side);
  cell.set_round(static_cast<uint32_t>(number));
  if (rate) cell.set_rate(*rate);
  return cell;
}

void AddSide(const std::vector<EarlierRun>& runs, const char* side, std::optional<double> rate,
             v1::ComparisonReport* report) {
  for (std::size_t i = 0; i < runs.size(); ++i) {
    *report->add_rounds() = RoundOf(runs[i], side, i + 1, rate);
    const bool limited_by_others = runs[i].report.client_limited() || runs[i].report.behind();
    if (runs[i].report.interrupted()) {
      report->add_problems(absl::StrCat(runs[i].file, " is of a run that was interrupted"));
    } else if (!runs[i].report.valid() && !limited_by_others) {
      report->add_problems(absl::StrCat(runs[i].file, " is of a run that was not valid"));
    }
  }
}

}  // namespace

absl::StatusOr<EarlierRun> ReadEarlierRun(absl::string_view flag, const std::string& file, const std::string& path) {
  const auto refuse = [&](absl::string_view why) { return absl::InvalidArgumentError(FlagError(flag, file, why)); };
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return refuse(std::strerror(errno));
  std::ostringstream json;
  json << stream.rdbuf();  // Nothing of a directory.
  EarlierRun run{.file = file, .report = {}};
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;  // Of a later version.
  const auto status = google::protobuf::util::JsonStringToMessage(json.str(), &run.report, options);
  // Other reports have no load.
  if (!status.ok() || run.report.load().empty()) return refuse("must be a file that `loadtest run --json` wrote");
  return run;
}

absl::StatusOr<v1::ComparisonReport> CompareRuns(const std::vector<EarlierRun>& before,
                                                 const std::vector<EarlierRun>& after, bool force) {
  const EarlierRun& reference = before.front();
  const std::string host = HostOf(reference.report);
  std::optional<std::string> other_host;
  for (const std::vector<EarlierRun>* side : {&before, &after}) {
    for (const EarlierRun& run : *side) {
      if (absl::Status status = CheckLoad(reference, run); !status.ok()) return status;
      if (HostOf(run.report) == host) continue;
      other_host = HostOf(run.report);
      if (force) continue;
      return absl::InvalidArgumentError(absl::StrCat(run.file, " was measured on ", *other_host, " and ",
                                                     reference.file, " on ", host,
                                                     ": give --force to compare them all the same"));
    }
  }

  v1::ComparisonReport report;
  report.set_version(kVersion);
  report.set_start_time(after.front().report.start_time());
  *report.mutable_host() = after.front().report.host();
  v1::ComparisonSettings* settings = report.mutable_settings();
  settings->add_models(kAfter);
  settings->add_models(kBefore);
  for (const EarlierRun& run : before) settings->add_before_files(run.file);
  for (const EarlierRun& run : after) settings->add_after_files(run.file);
  const v1::RunReport& first = reference.report;
  settings->set_load(first.load());
  settings->set_engine(first.engine());
  settings->set_connections(first.connections());
  settings->set_measure_seconds(first.duration_seconds());
  *settings->mutable_methods() = first.methods();
  *settings->mutable_expected() = first.expected();
  settings->set_rounds(static_cast<uint32_t>(std::max(before.size(), after.size())));
  std::optional<double> rate;
  // A replay may have no offered rate.
  if (first.in_flight() == 0) rate = first.has_offered_rate() ? first.offered_rate() : first.achieved_rate();
  if (rate) {
    settings->add_rates(*rate);
  } else {
    settings->add_in_flight(first.in_flight());
  }
  if (other_host) {
    report.add_problems(absl::StrCat("the files are of different hosts, ", host, " and ", *other_host,
                                     ": the difference may be theirs"));
  }
  TellLengths(before, after, &report);
  AddSide(after, kAfter, rate, &report);
  AddSide(before, kBefore, rate, &report);
  Summarize(&report);
  return report;
}

}  // namespace meanwhile
