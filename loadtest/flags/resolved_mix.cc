#include "loadtest/flags/resolved_mix.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "loadtest/call/answer_check.h"
#include "loadtest/call/call_data.h"
#include "loadtest/call/input_file.h"
#include "loadtest/flags/output_files.h"

namespace meanwhile {
namespace {

// How errors call what the entry says of `key`.
std::string SourceOf(const MixEntry& entry, absl::string_view key) {
  return entry.place.empty() ? absl::StrCat("--", key) : absl::StrCat(entry.place, ": ", key);
}

absl::StatusOr<CallData> ReadData(const MixEntry& entry, const Method& method) {
  if (!entry.binary_file.empty()) {
    const std::string source = SourceOf(entry, "binary-file");
    absl::StatusOr<std::string> bytes = ReadInputFile(source, ResolvePath(entry.binary_file));
    if (!bytes.ok()) return bytes.status();
    return CallData::FromBytes(method, absl::StrCat(source, "=", entry.binary_file), *std::move(bytes));
  }
  if (!entry.data_file.empty()) {
    const std::string source = SourceOf(entry, "data-file");
    const absl::StatusOr<std::string> json = ReadInputFile(source, ResolvePath(entry.data_file));
    if (!json.ok()) return json.status();
    return CallData::FromJsonFile(method, absl::StrCat(source, "=", entry.data_file), *json);
  }
  const std::string source = SourceOf(entry, "data");
  if (entry.data != "@" || !entry.place.empty()) return CallData::FromJson(method, source, entry.data);
  const absl::StatusOr<std::string> json = ReadStandardInput(source);
  if (!json.ok()) return json.status();
  return CallData::FromJson(method, absl::StrCat(source, "=@"), *json);
}

// Adds what is expected, in words.
absl::StatusOr<AnswerChecks> ReadChecks(const MixEntry& entry, const Method& method,
                                        std::vector<std::string>* expected) {
  AnswerChecks checks;
  checks.method = method;
  if (entry.statuses) {
    checks.statuses = *entry.statuses;
    expected->push_back(absl::StrCat("status ", entry.statuses->Names()));
  }
  for (const std::string& text : entry.fields) {
    absl::StatusOr<ExpectedField> field = ExpectedField::Parse(SourceOf(entry, "expect-json"), text, method);
    if (!field.ok()) return field.status();
    checks.fields.push_back(*std::move(field));
    expected->push_back(text);
  }
  return checks;
}

}  // namespace

absl::StatusOr<ResolvedMix> ResolveMix(const std::shared_ptr<const Schema>& schema,
                                       const std::vector<MixEntry>& entries, uint64_t seed) {
  ResolvedMix mix;
  std::vector<CallEntry> calls;
  auto checks = std::make_shared<std::vector<AnswerChecks>>();
  for (const MixEntry& entry : entries) {
    const absl::StatusOr<Method> method = FindMethod(schema, entry.call);
    if (!method.ok()) {
      return absl::Status(method.status().code(),
                          absl::StrCat(SourceOf(entry, "call"), "=", method.status().message()));
    }
    absl::StatusOr<CallData> data = ReadData(entry, *method);
    if (!data.ok()) return data.status();
    std::vector<std::string> expected;
    absl::StatusOr<AnswerChecks> of_entry = ReadChecks(entry, *method, &expected);
    if (!of_entry.ok()) return of_entry.status();
    const std::string name = entry.name.empty() ? method->name() : entry.name;
    for (const std::string& what : expected) {
      mix.expected.push_back(entries.size() == 1 ? what : absl::StrCat(name, ": ", what));
    }
    checks->push_back(*std::move(of_entry));
    calls.push_back({*method, *std::move(data), entry.weight, entry.pick, entry.name});
  }
  mix.calls = MixCalls(std::move(calls), seed);
  if (!mix.expected.empty()) {
    mix.make_checker = [checks = std::shared_ptr<const std::vector<AnswerChecks>>(std::move(checks))](
                           std::size_t slots) { return MakeAnswerChecker(*checks, slots); };
  }
  return mix;
}

}  // namespace meanwhile
