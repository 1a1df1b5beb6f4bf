// Schema: what services there are and what their messages look like, as protobuf's descriptors. It is built of the
// descriptions of .proto files, wherever those come from: see proto_files.h, protoset.h and server_reflection.h.
//
//   absl::StatusOr<MethodName> name = ParseMethodName("--call", "grpc.health.v1.Health/Check");
//   absl::StatusOr<Method> method = FindMethod(schema, *name);
//
// Ownership: the schema owns its descriptors; a Method keeps its schema alive. Thread: any, it does not change.

#ifndef MEANWHILE_LOADTEST_CALL_SCHEMA_H_
#define MEANWHILE_LOADTEST_CALL_SCHEMA_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace meanwhile {

class Schema {
 public:
  // `files` are in any order, each with all that it imports. `origin` is how errors call whoever gave them: `the
  // server`, `api.proto`. INVALID_ARGUMENT when the files do not fit together.
  static absl::StatusOr<std::shared_ptr<const Schema>> Make(const google::protobuf::FileDescriptorSet& files,
                                                            absl::string_view origin);

  // The same with the names of all services, when the files describe only some of them.
  static absl::StatusOr<std::shared_ptr<const Schema>> Make(const google::protobuf::FileDescriptorSet& files,
                                                            absl::string_view origin,
                                                            std::vector<std::string> services);

  const google::protobuf::DescriptorPool& pool() const { return pool_; }
  const std::string& origin() const { return origin_; }
  // Full names, sorted.
  const std::vector<std::string>& services() const { return services_; }

 private:
  Schema() = default;

  google::protobuf::DescriptorPool pool_;
  std::string origin_;
  std::vector<std::string> services_;
};

struct MethodName {
  std::string service;
  std::string method;
  // As it was given.
  std::string text;
};

// `pkg.Service/Method` or `pkg.Service.Method`. The error is complete.
absl::StatusOr<MethodName> ParseMethodName(absl::string_view flag, absl::string_view text);

struct Method {
  std::shared_ptr<const Schema> schema;
  const google::protobuf::MethodDescriptor* descriptor = nullptr;

  const google::protobuf::Descriptor& request() const { return *descriptor->input_type(); }
  const google::protobuf::Descriptor& response() const { return *descriptor->output_type(); }
  // `pkg.Service/Method`.
  std::string name() const;
  // `/pkg.Service/Method`, as it goes over the wire.
  std::string path() const;
};

// NOT_FOUND says what there is instead. The message begins with the name as it was given.
absl::StatusOr<Method> FindMethod(std::shared_ptr<const Schema> schema, const MethodName& name);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_SCHEMA_H_
