// CallFlags: the flags that say what `run` calls, what it sends and what must come back. Without them it calls Fetch.
//
//   CallFlags flags;
//   flags.Add(app);
//   ...  // Once the command line is parsed, in a callback:
//   flags.Finish();
//   ...
//   absl::Status status = flags.Prepare(&load);   // Reads schema and data.
//   RunLoad(load); flags.Describe(&report);
//
// Thread: the one that parses.

#ifndef MEANWHILE_LOADTEST_CALL_FLAGS_H_
#define MEANWHILE_LOADTEST_CALL_FLAGS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "loadtest/call/answer_check.h"
#include "loadtest/call/call_data.h"
#include "loadtest/call/call_mix.h"
#include "loadtest/call/schema.h"
#include "loadtest/load_run.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

class CallFlags {
 public:
  // Adds the flags. The object outlives the parsing.
  void Add(CLI::App& app);

  // After the parsing. Throws UsageError where the flags make no sense together. `of_fetch` are flags that only Fetch
  // understands.
  void Finish(const std::vector<const CLI::Option*>& of_fetch) const;

  // Sets what is called and how answers are judged; leaves `load` as it is when no flag says so. Asks the target for
  // its schema if no file has it. The error is complete. Blocks.
  absl::Status Prepare(LoadOptions* load);

  // Tells what was called and what was expected; after the run, what went wrong with its templates.
  void Describe(v1::RunReport* report) const;

 private:
  void AddSchema(CLI::App& app);
  void AddData(CLI::App& app);
  void AddChecks(CLI::App& app);
  absl::StatusOr<std::shared_ptr<const Schema>> ReadSchema(const LoadOptions& load) const;
  absl::StatusOr<CallData> ReadData(const Method& method) const;
  absl::Status PrepareChecks(const Method* method, LoadOptions* load);

  std::optional<MethodName> call_;
  std::vector<std::string> protos_;
  std::vector<std::string> proto_paths_;
  std::vector<std::string> protosets_;
  std::string data_;
  std::string data_file_;
  std::string binary_file_;
  Pick pick_ = Pick::kRoundRobin;
  uint64_t seed_ = 0;
  std::optional<ExpectedStatuses> statuses_;
  std::vector<std::string> fields_;  // Of --expect-json; they are understood once the schema is known.

  CLI::Option* call_option_ = nullptr;
  CLI::Option* proto_option_ = nullptr;
  CLI::Option* proto_path_option_ = nullptr;
  CLI::Option* protoset_option_ = nullptr;
  CLI::Option* data_option_ = nullptr;
  CLI::Option* data_file_option_ = nullptr;
  CLI::Option* binary_file_option_ = nullptr;
  CLI::Option* pick_option_ = nullptr;
  CLI::Option* seed_option_ = nullptr;
  CLI::Option* fields_option_ = nullptr;

  std::optional<CallMix> mix_;
  std::vector<std::string> expected_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_FLAGS_H_
