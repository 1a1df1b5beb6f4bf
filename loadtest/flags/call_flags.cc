#include "loadtest/flags/call_flags.h"

#include <limits>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "client/flags.h"
#include "loadtest/call/answer_check.h"
#include "loadtest/call/proto_files.h"
#include "loadtest/call/protoset.h"
#include "loadtest/call/server_reflection.h"
#include "loadtest/engine/engine_set.h"
#include "loadtest/flags/mix_setting.h"
#include "loadtest/flags/output_files.h"
#include "loadtest/flags/resolved_mix.h"
#include "loadtest/load/own_methods.h"

namespace meanwhile {
namespace {

bool Given(const CLI::Option* option) { return option->count() > 0; }

// What was given for the flag, which was given.
void Refuse(const CLI::Option* option, const std::string& why) {
  throw UsageError(FlagError(option->get_name(), option->results().front(), why));
}

void RefuseTogether(const std::vector<const CLI::Option*>& options) {
  const CLI::Option* first = nullptr;
  for (const CLI::Option* option : options) {
    if (!Given(option)) continue;
    if (first != nullptr) Refuse(option, absl::StrCat("cannot be given together with ", first->get_name()));
    first = option;
  }
}

CLI::Option* AddFiles(CLI::App& app, const std::string& flag, std::vector<std::string>* files, const std::string& type,
                      const std::string& description) {
  auto parse = [files](const std::string& text) {
    files->push_back(ResolvePath(text));
    return absl::OkStatus();
  };
  return AddRepeatedFlag(app, flag, parse, type, description);
}

CLI::Option* AddText(CLI::App& app, const std::string& flag, std::string* value, const std::string& type,
                     const std::string& description) {
  auto parse = [value](const std::string& text) {
    *value = text;
    return absl::OkStatus();
  };
  return AddParsedFlag(app, flag, parse, type, "", description);
}

}  // namespace

void CallFlags::Add(CLI::App& app) {
  AddSchema(app);
  AddData(app);
  AddChecks(app);
}

void CallFlags::AddSchema(CLI::App& app) {
  auto parse_call = [this](const std::string& text) {
    absl::StatusOr<MethodName> name = ParseMethodName("--call", text);
    if (!name.ok()) return name.status();
    entry_.call = *std::move(name);
    return absl::OkStatus();
  };
  call_option_ = AddParsedFlag(app, "--call", parse_call, "SERVICE/METHOD", "",
                               "Call this method, of any service and kind, instead of Fetch; the server tells its "
                               "schema by reflection unless --proto or --protoset does");
  proto_option_ = AddFiles(app, "--proto", &protos_, "FILE", "A .proto file with the schema; may be repeated");
  proto_path_option_ =
      AddFiles(app, "-I,--proto-path", &proto_paths_, "DIR",
               "Where --proto looks for imports; may be repeated; the file's own directory if not given");
  protoset_option_ = AddFiles(app, "--protoset", &protosets_, "FILE",
                              "A file with the schema as protoc has compiled it; may be repeated");
}

void CallFlags::AddData(CLI::App& app) {
  data_option_ =
      AddText(app, "-d,--data", &entry_.data, "JSON",
              "What is sent, in JSON, with templates if wanted, see below; @ reads stdin. Several messages or "
              "an array of them: one each call, or, if the method streams from the client, all in each call");
  data_file_option_ = AddText(app, "-D,--data-file", &entry_.data_file, "FILE",
                              "The same from a file: a JSON array, or one JSON a line; one entry for each call");
  binary_file_option_ = AddText(app, "--binary-file", &entry_.binary_file, "FILE", "An encoded message, sent as it is");
  auto parse_pick = [this](const std::string& text) {
    const absl::StatusOr<Pick> pick = ParsePick("--pick", text);
    if (pick.ok()) entry_.pick = *pick;
    return pick.status();
  };
  pick_option_ = AddParsedFlag(app, "--pick", parse_pick, "KIND", "round-robin",
                               "Which of several messages the next call sends: round-robin or random");
  seed_ = std::random_device()();
  seed_option_ = AddCountFlag(
      app, "--seed", &seed_, {0, std::numeric_limits<uint64_t>::max()},
      "Picks, templates and Poisson arrivals draw the same in each run with the same seed; at random if not given");
  seed_option_->default_str("");
}

void CallFlags::AddChecks(CLI::App& app) {
  auto parse_status = [this](const std::string& text) {
    const absl::StatusOr<ExpectedStatuses> statuses = ExpectedStatuses::Parse("--expect-status", text);
    if (!statuses.ok()) return statuses.status();
    entry_.Expect(*statuses);
    return absl::OkStatus();
  };
  statuses_option_ = AddRepeatedFlag(
      app, "--expect-status", parse_status, "STATUS",
      "Calls that end so succeed, and no others: OK, NOT_FOUND, or several with commas; may be repeated");
  auto parse_field = [this](const std::string& text) {
    entry_.fields.push_back(text);
    return absl::OkStatus();
  };
  fields_option_ =
      AddRepeatedFlag(app, "--expect-json", parse_field, "PATH=VALUE",
                      "What must stand in each answer, as status.code=1 or items[0].name=x; may be repeated");
}

void CallFlags::Finish(const std::vector<const CLI::Option*>& of_fetch, bool draws_arrivals) const {
  RefuseTogether({proto_option_, protoset_option_});
  RefuseTogether({data_option_, data_file_option_, binary_file_option_});
  if (Given(proto_path_option_) && !Given(proto_option_)) Refuse(proto_path_option_, "needs --proto");
  for (const CLI::Option* option : {data_file_option_, binary_file_option_}) {
    if (Given(option) && option->results().front().empty()) Refuse(option, "must be a file");
  }
  if (!mix_.empty()) RefuseWhatEntriesSay();
  if (!given()) {
    for (const CLI::Option* option : {proto_option_, protoset_option_, data_option_, data_file_option_,
                                      binary_file_option_, pick_option_, fields_option_}) {
      if (Given(option)) Refuse(option, "needs --call");
    }
    if (Given(seed_option_) && !draws_arrivals) Refuse(seed_option_, "needs --call or --arrival=poisson");
    return;
  }
  for (const CLI::Option* option : of_fetch) {
    if (!Given(option)) continue;
    Refuse(option, mix_.empty() ? "cannot be given together with --call, whose messages --data gives"
                                : "cannot be given together with a mix, whose entries give the messages");
  }
}

void CallFlags::RefuseWhatEntriesSay() const {
  for (const CLI::Option* option : {call_option_, data_option_, data_file_option_, binary_file_option_, pick_option_,
                                    statuses_option_, fields_option_}) {
    if (Given(option)) Refuse(option, "cannot be given together with a mix, whose entries say it");
  }
}

std::vector<std::string> CallFlags::services() const {
  std::set<std::string> services;
  for (const MixEntry& entry : mix_) services.insert(entry.call.service);
  if (call_option_->count() > 0) services.insert(entry_.call.service);
  return {services.begin(), services.end()};
}

absl::Status CallFlags::Prepare(LoadOptions* load, const AskSchema& ask) {
  if (!given()) return PrepareOwn(load);
  const absl::StatusOr<std::shared_ptr<const Schema>> schema = ReadSchema(*load, ask);
  if (!schema.ok()) return schema.status();
  absl::StatusOr<ResolvedMix> resolved =
      ResolveMix(*schema, mix_.empty() ? std::vector<MixEntry>{entry_} : mix_, seed_);
  if (!resolved.ok()) return resolved.status();
  load->plan = resolved->calls.plan;
  names_ = load->plan->names();
  load->make_checker = resolved->make_checker;
  expected_ = resolved->expected;
  unmade_ = resolved->calls.unmade;
  return absl::OkStatus();
}

absl::Status CallFlags::PrepareOwn(LoadOptions* load) {
  if (load->plan == nullptr) names_ = {kFetchPath + 1};
  if (!entry_.statuses) return absl::OkStatus();
  expected_.push_back(absl::StrCat("status ", entry_.statuses->Names()));
  const std::size_t methods = load->plan == nullptr ? 1 : load->plan->methods.size();
  load->make_checker = [checks = std::vector<AnswerChecks>(methods, {*entry_.statuses})](std::size_t slots) {
    return MakeAnswerChecker(checks, slots);
  };
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Schema>> CallFlags::ReadSchema(const LoadOptions& load,
                                                                    const AskSchema& ask) const {
  if (!protos_.empty()) return ReadProtoFiles(protos_, proto_paths_);
  if (!protosets_.empty()) return ReadProtosets(protosets_);
  if (ask) return ask(services());
  const ReflectionOptions reflection = {.targets = TargetsOf(load.target),
                                        .credentials = load.credentials,
                                        .metadata = load.call.metadata,
                                        .timeout = load.connect_timeout};
  return ReflectSchema(reflection, services());
}

void CallFlags::TellMix(google::protobuf::RepeatedPtrField<v1::Setting>* settings) const {
  if (!mix_.empty()) *settings->Add() = SettingOfMix(mix_);
}

template <typename Settings, typename Report>
void CallFlags::Describe(Settings* settings, Report* report) const {
  settings->mutable_methods()->Assign(names_.begin(), names_.end());
  settings->mutable_expected()->Assign(expected_.begin(), expected_.end());
  if (unmade_ == nullptr) return;
  if (std::string problem = unmade_->Problem(); !problem.empty()) {
    report->add_problems(std::move(problem));
    report->set_valid(false);
  }
}

template void CallFlags::Describe(v1::RunReport*, v1::RunReport*) const;
template void CallFlags::Describe(v1::SearchReport*, v1::SearchReport*) const;
template void CallFlags::Describe(v1::ComparisonSettings*, v1::ComparisonReport*) const;

}  // namespace meanwhile
