#include "loadtest/call/server_reflection.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/channel_pool.h"
#include "grpc/reflection/v1/reflection.pb.h"

namespace meanwhile {
namespace {

using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

// The versions differ in their name alone.
constexpr const char* kVersions[] = {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                     "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"};
// Descriptions are small, but a server that answers with all of its files at once may exceed gRPC's usual 4 MiB.
constexpr int kMostMessageBytes = 64 << 20;
// A server that goes on inventing imports is not followed for ever.
constexpr int kMostFiles = 10'000;

// One stream of questions and answers.
class Conversation {
 public:
  Conversation(const std::shared_ptr<grpc::Channel>& channel, const char* path, const ReflectionOptions& options,
               absl::Time deadline) {
    context_.set_deadline(absl::ToChronoTime(deadline));
    for (const auto& [name, value] : options.metadata) context_.AddMetadata(name, value);
    const grpc::internal::RpcMethod method(path, /*suffix_for_stats=*/nullptr,
                                           grpc::internal::RpcMethod::BIDI_STREAMING, channel);
    stream_.reset(grpc::internal::ClientReaderWriterFactory<ServerReflectionRequest, ServerReflectionResponse>::Create(
        channel.get(), method, &context_));
  }
  ~Conversation() {
    if (ended_) return;
    context_.TryCancel();
    (void)stream_->Finish();
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  absl::StatusOr<ServerReflectionResponse> Ask(const ServerReflectionRequest& request) {
    ServerReflectionResponse response;
    if (stream_->Write(request) && stream_->Read(&response)) return response;
    ended_ = true;
    stream_->WritesDone();
    while (stream_->Read(&response)) {
    }
    const grpc::Status status = stream_->Finish();
    if (status.ok()) return absl::UnavailableError("the server ended its reflection before it had answered");
    const auto code = static_cast<absl::StatusCode>(status.error_code());
    return absl::Status(code, absl::StrCat(absl::StatusCodeToString(code), ": ", status.error_message()));
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<ServerReflectionRequest, ServerReflectionResponse>> stream_;
  bool ended_ = false;
};

absl::StatusOr<std::vector<std::string>> ListServices(Conversation* conversation) {
  ServerReflectionRequest request;
  request.set_list_services("*");
  const absl::StatusOr<ServerReflectionResponse> response = conversation->Ask(request);
  if (!response.ok()) return response.status();
  std::vector<std::string> names;
  for (const auto& service : response->list_services_response().service()) names.push_back(service.name());
  return names;
}

// The files of a schema, as far as they have been asked for.
class Files {
 public:
  explicit Files(Conversation* conversation) : conversation_(conversation) {}

  absl::Status AddService(const std::string& name) {
    ServerReflectionRequest request;
    request.set_file_containing_symbol(name);
    if (absl::Status status = Ask(request, absl::StrCat("service ", name)); !status.ok()) return status;
    return AddMissing();
  }

  const FileDescriptorSet& set() const { return set_; }

 private:
  // The files that those known import and that are not known, until there are none.
  absl::Status AddMissing() {
    while (!wanted_.empty()) {
      const std::string name = *wanted_.begin();
      ServerReflectionRequest request;
      request.set_file_by_filename(name);
      if (absl::Status status = Ask(request, absl::StrCat("file ", name)); !status.ok()) return status;
      if (known_.count(name) == 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("the server answers the question for file ", name, " with another"));
      }
      if (set_.file_size() > kMostFiles) {
        return absl::InvalidArgumentError(absl::StrCat("the server's schema has more than ", kMostFiles, " files"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Ask(const ServerReflectionRequest& request, const std::string& what) {
    const absl::StatusOr<ServerReflectionResponse> response = conversation_->Ask(request);
    if (!response.ok()) return response.status();
    if (response->has_error_response()) {
      return absl::NotFoundError(absl::StrCat("the server's reflection does not tell about ", what, ": ",
                                              response->error_response().error_message()));
    }
    for (const std::string& bytes : response->file_descriptor_response().file_descriptor_proto()) {
      FileDescriptorProto file;
      if (!file.ParseFromString(bytes)) {
        return absl::InvalidArgumentError(absl::StrCat("the server's description of ", what, " cannot be read"));
      }
      Add(std::move(file));
    }
    return absl::OkStatus();
  }

  void Add(FileDescriptorProto file) {
    if (!known_.insert(file.name()).second) return;
    wanted_.erase(file.name());
    for (const std::string& import : file.dependency()) {
      if (known_.count(import) == 0) wanted_.insert(import);
    }
    *set_.add_file() = std::move(file);
  }

  Conversation* const conversation_;
  FileDescriptorSet set_;
  std::set<std::string> known_;
  std::set<std::string> wanted_;
};

absl::StatusOr<std::shared_ptr<const Schema>> Reflect(Conversation* conversation,
                                                      const std::vector<std::string>& services) {
  absl::StatusOr<std::vector<std::string>> listed = ListServices(conversation);
  if (!listed.ok()) return listed.status();
  Files files(conversation);
  for (const std::string& name : services) {
    if (std::find(listed->begin(), listed->end(), name) == listed->end()) continue;
    if (absl::Status status = files.AddService(name); !status.ok()) return status;
  }
  return Schema::Make(files.set(), "the server", *std::move(listed));
}

absl::StatusOr<std::shared_ptr<const Schema>> AskTarget(const std::string& target, const ReflectionOptions& options,
                                                        const std::vector<std::string>& services) {
  const absl::Time deadline = absl::Now() + options.timeout;
  ChannelPool pool({.target = target, .max_message_bytes = kMostMessageBytes, .credentials = options.credentials});
  if (absl::Status status = pool.Connect(options.timeout); !status.ok()) return status;
  for (const char* path : kVersions) {
    Conversation conversation(pool.channel(0), path, options, deadline);
    absl::StatusOr<std::shared_ptr<const Schema>> schema = Reflect(&conversation, services);
    if (schema.ok()) return schema;
    const absl::Status& status = schema.status();
    if (status.code() == absl::StatusCode::kUnimplemented) continue;
    if (status.code() == absl::StatusCode::kDeadlineExceeded) {
      return absl::UnavailableError(absl::StrCat(target, " did not tell its schema by reflection within ",
                                                 absl::FormatDuration(options.timeout)));
    }
    return absl::Status(status.code(), absl::StrCat(target, ": reflection: ", status.message()));
  }
  return absl::UnimplementedError(
      absl::StrCat(target,
                   " does not tell its schema: it has no server reflection (a flag --reflection in Meanwhile's "
                   "server). Give the schema by --proto or --protoset"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Schema>> ReflectSchema(const ReflectionOptions& options,
                                                            const std::vector<std::string>& services) {
  std::vector<std::string> unreachable;
  for (const std::string& target : options.targets) {
    absl::StatusOr<std::shared_ptr<const Schema>> schema = AskTarget(target, options, services);
    if (schema.status().code() != absl::StatusCode::kUnavailable) return schema;
    unreachable.emplace_back(schema.status().message());
  }
  return absl::UnavailableError(absl::StrJoin(unreachable, "; "));
}

}  // namespace meanwhile
