#include "loadtest/call_flags.h"

#include <limits>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/flags.h"
#include "loadtest/call/input_file.h"
#include "loadtest/call/proto_files.h"
#include "loadtest/call/protoset.h"
#include "loadtest/call/server_reflection.h"
#include "loadtest/output_files.h"

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
    call_ = *std::move(name);
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
      AddText(app, "-d,--data", &data_, "JSON",
              "What is sent, in JSON, with templates if wanted, see below; @ reads stdin. Several messages or "
              "an array of them: one each call, or, if the method streams from the client, all in each call");
  data_file_option_ = AddText(app, "-D,--data-file", &data_file_, "FILE",
                              "The same from a file: a JSON array, or one JSON a line; one entry for each call");
  binary_file_option_ = AddText(app, "--binary-file", &binary_file_, "FILE", "An encoded message, sent as it is");
  auto parse_pick = [this](const std::string& text) {
    if (text != "round-robin" && text != "random") {
      return absl::InvalidArgumentError(FlagError("--pick", text, "must be round-robin or random"));
    }
    pick_ = text == "random" ? Pick::kRandom : Pick::kRoundRobin;
    return absl::OkStatus();
  };
  pick_option_ = AddParsedFlag(app, "--pick", parse_pick, "KIND", "round-robin",
                               "Which of several messages the next call sends: round-robin or random");
  seed_option_ =
      AddCountFlag(app, "--seed", &seed_, {0, std::numeric_limits<uint64_t>::max()},
                   "Picks and templates draw the same in each run with the same seed; at random if not given");
  seed_option_->default_str("");
}

void CallFlags::AddChecks(CLI::App& app) {
  auto parse_status = [this](const std::string& text) {
    const absl::StatusOr<ExpectedStatuses> statuses = ExpectedStatuses::Parse("--expect-status", text);
    if (!statuses.ok()) return statuses.status();
    if (!statuses_) {
      statuses_ = *statuses;
    } else {
      statuses_->Add(*statuses);
    }
    return absl::OkStatus();
  };
  AddRepeatedFlag(app, "--expect-status", parse_status, "STATUS",
                  "Calls that end so succeed, and no others: OK, NOT_FOUND, or several with commas; may be repeated");
  auto parse_field = [this](const std::string& text) {
    fields_.push_back(text);
    return absl::OkStatus();
  };
  fields_option_ =
      AddRepeatedFlag(app, "--expect-json", parse_field, "PATH=VALUE",
                      "What must stand in each answer, as status.code=1 or items[0].name=x; may be repeated");
}

void CallFlags::Finish(const std::vector<const CLI::Option*>& of_fetch) const {
  RefuseTogether({proto_option_, protoset_option_});
  RefuseTogether({data_option_, data_file_option_, binary_file_option_});
  if (Given(proto_path_option_) && !Given(proto_option_)) Refuse(proto_path_option_, "needs --proto");
  if (!call_) {
    for (const CLI::Option* option : {proto_option_, protoset_option_, data_option_, data_file_option_,
                                      binary_file_option_, pick_option_, seed_option_, fields_option_}) {
      if (Given(option)) Refuse(option, "needs --call");
    }
    return;
  }
  for (const CLI::Option* option : of_fetch) {
    if (Given(option)) Refuse(option, "cannot be given together with --call, whose messages --data gives");
  }
}

absl::Status CallFlags::Prepare(LoadOptions* load) {
  if (!call_) return PrepareChecks(nullptr, load);
  absl::StatusOr<std::shared_ptr<const Schema>> schema = ReadSchema(*load);
  if (!schema.ok()) return schema.status();
  const absl::StatusOr<Method> method = FindMethod(*std::move(schema), *call_);
  if (!method.ok()) return {method.status().code(), absl::StrCat("--call=", method.status().message())};
  absl::StatusOr<CallData> data = ReadData(*method);
  if (!data.ok()) return data.status();
  if (!Given(seed_option_)) seed_ = std::random_device()();
  mix_ = MixCalls({{*method, *std::move(data)}}, {pick_, seed_});
  load->plan = mix_->plan;
  return PrepareChecks(&*method, load);
}

absl::StatusOr<std::shared_ptr<const Schema>> CallFlags::ReadSchema(const LoadOptions& load) const {
  if (!protos_.empty()) return ReadProtoFiles(protos_, proto_paths_);
  if (!protosets_.empty()) return ReadProtosets(protosets_);
  const ReflectionOptions reflection = {.targets = TargetsOf(load.target),
                                        .credentials = load.credentials,
                                        .metadata = load.call.metadata,
                                        .timeout = load.connect_timeout};
  return ReflectSchema(reflection, {call_->service});
}

absl::StatusOr<CallData> CallFlags::ReadData(const Method& method) const {
  if (Given(binary_file_option_)) {
    absl::StatusOr<std::string> bytes = ReadInputFile("--binary-file", ResolvePath(binary_file_));
    if (!bytes.ok()) return bytes.status();
    return CallData::FromBytes(method, absl::StrCat("--binary-file=", binary_file_), *std::move(bytes));
  }
  if (Given(data_file_option_)) {
    const absl::StatusOr<std::string> json = ReadInputFile("--data-file", ResolvePath(data_file_));
    if (!json.ok()) return json.status();
    return CallData::FromJsonFile(method, absl::StrCat("--data-file=", data_file_), *json);
  }
  if (data_ != "@") return CallData::FromJson(method, "--data", data_);
  const absl::StatusOr<std::string> json = ReadStandardInput("--data");
  if (!json.ok()) return json.status();
  return CallData::FromJson(method, "--data=@", *json);
}

absl::Status CallFlags::PrepareChecks(const Method* method, LoadOptions* load) {
  auto checks = std::make_shared<AnswerChecks>();
  if (method != nullptr) checks->method = *method;
  if (statuses_) {
    checks->statuses = *statuses_;
    expected_.push_back(absl::StrCat("status ", statuses_->Names()));
  }
  for (const std::string& text : fields_) {
    absl::StatusOr<ExpectedField> field = ExpectedField::Parse("--expect-json", text, *method);
    if (!field.ok()) return field.status();
    checks->fields.push_back(*std::move(field));
    expected_.push_back(text);
  }
  if (expected_.empty()) return absl::OkStatus();
  load->make_checker = [checks = std::shared_ptr<const AnswerChecks>(std::move(checks))](std::size_t slots) {
    return MakeAnswerChecker(*checks, slots);
  };
  return absl::OkStatus();
}

void CallFlags::Describe(v1::RunReport* report) const {
  report->add_methods(mix_ ? mix_->plan->methods.front().path.substr(1) : "meanwhile.v1.Meanwhile/Fetch");
  report->mutable_expected()->Assign(expected_.begin(), expected_.end());
  if (!mix_) return;
  if (std::string problem = mix_->unmade->Problem(); !problem.empty()) report->add_problems(std::move(problem));
}

}  // namespace meanwhile
