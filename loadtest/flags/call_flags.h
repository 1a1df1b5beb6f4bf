// CallFlags: the flags that say what is called, what is sent and what must come back, or the mix of a file in place of
// one method. Without any of it Fetch is called.
//
//   CallFlags flags;
//   flags.Add(app);
//   ...  // Once the command line is parsed, in a callback:
//   flags.Finish(of_fetch, draws_arrivals);
//   ...
//   absl::Status status = flags.Prepare(&load);   // Reads schema and data.
//   RunLoad(load); flags.Describe(&report);
//
// Thread: the one that parses.

#ifndef MEANWHILE_LOADTEST_FLAGS_CALL_FLAGS_H_
#define MEANWHILE_LOADTEST_FLAGS_CALL_FLAGS_H_

#include <google/protobuf/repeated_field.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "loadtest/call/call_mix.h"
#include "loadtest/call/mix_file.h"
#include "loadtest/call/schema.h"
#include "loadtest/load/load_run.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

// For the end of a command's --help: what --data may hold.
inline constexpr char kTemplatesFooter[] =
    "\n\n"
    "Data may have templates, filled anew for each call: {{.CallNumber}}, {{.LoopNumber}}, {{.UUID}}, "
    "{{randomInt 1 100}},\n"
    "{{randomString 10}}, {{timestamp}}, {{timestampUnix}}, {{timestampUnixMilli}}, {{timestampUnixNano}}.";

class CallFlags {
 public:
  // Adds the flags. The object outlives the parsing.
  void Add(CLI::App& app);

  // While the command line is parsed, or after: a mix of methods in place of --call.
  void SetMix(std::vector<MixEntry> mix) { mix_ = std::move(mix); }

  // After the parsing. Throws UsageError where the flags make no sense together. `of_fetch` are flags that only Fetch
  // understands; `draws_arrivals` says that the seed has a use whatever is called.
  void Finish(const std::vector<const CLI::Option*>& of_fetch, bool draws_arrivals) const;

  // After the parsing: what is given, or else was drawn for this object.
  uint64_t seed() const { return seed_; }

  // Whether there are calls other than those of Fetch, and of which services.
  bool given() const { return !mix_.empty() || call_option_->count() > 0; }
  std::vector<std::string> services() const;

  // Tells the schema of services.
  using AskSchema =
      std::function<absl::StatusOr<std::shared_ptr<const Schema>>(const std::vector<std::string>& services)>;

  // Sets what is called and how answers are judged; what no flag says remains as it is in `load`, Fetch or the plan of
  // a scenario. Asks for the schema if no file has it: the target by reflection, or `ask` if given. The error is
  // complete. Blocks.
  absl::Status Prepare(LoadOptions* load, const AskSchema& ask = nullptr);

  // After the run: tells what was called and what was expected. A report of calls whose templates came to nothing is
  // not valid. A ComparisonReport is told what was called only if flags say it, and not a scenario.
  void Describe(v1::RunReport* report) const { Describe(report, report); }
  void Describe(v1::SearchReport* report) const { Describe(report, report); }
  void Describe(v1::ComparisonReport* report) const { Describe(report->mutable_settings(), report); }

  // Adds the mix, if there is one, to the flags in a report.
  void TellMix(google::protobuf::RepeatedPtrField<v1::Setting>* settings) const;

 private:
  void AddSchema(CLI::App& app);
  void AddData(CLI::App& app);
  void AddChecks(CLI::App& app);
  void RefuseWhatEntriesSay() const;
  absl::StatusOr<std::shared_ptr<const Schema>> ReadSchema(const LoadOptions& load, const AskSchema& ask) const;
  // Of calls that no flag names.
  absl::Status PrepareOwn(LoadOptions* load);
  template <typename Settings, typename Report>
  void Describe(Settings* settings, Report* report) const;

  MixEntry entry_;             // Of the flags.
  std::vector<MixEntry> mix_;  // In its place, if there is one.
  std::vector<std::string> protos_;
  std::vector<std::string> proto_paths_;
  std::vector<std::string> protosets_;
  uint64_t seed_ = 0;

  CLI::Option* call_option_ = nullptr;
  CLI::Option* proto_option_ = nullptr;
  CLI::Option* proto_path_option_ = nullptr;
  CLI::Option* protoset_option_ = nullptr;
  CLI::Option* data_option_ = nullptr;
  CLI::Option* data_file_option_ = nullptr;
  CLI::Option* binary_file_option_ = nullptr;
  CLI::Option* pick_option_ = nullptr;
  CLI::Option* seed_option_ = nullptr;
  CLI::Option* statuses_option_ = nullptr;
  CLI::Option* fields_option_ = nullptr;

  // Since Prepare: what is called and expected.
  std::vector<std::string> names_;
  std::vector<std::string> expected_;
  std::shared_ptr<const UnmadeCalls> unmade_;  // Null for Fetch.
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_FLAGS_CALL_FLAGS_H_
