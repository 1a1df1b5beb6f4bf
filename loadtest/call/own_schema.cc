#include "loadtest/call/own_schema.h"

#include <google/protobuf/descriptor.pb.h>

#include <set>
#include <string>

#include "grpc/health/v1/health.pb.h"
#include "meanwhile/v1/admin.pb.h"
#include "meanwhile/v1/meanwhile.pb.h"

namespace meanwhile {
namespace {

void AddWithImports(const google::protobuf::FileDescriptor& file, std::set<std::string>* known,
                    google::protobuf::FileDescriptorSet* files) {
  if (!known->insert(file.name()).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddWithImports(*file.dependency(i), known, files);
  file.CopyTo(files->add_file());
}

}  // namespace

std::shared_ptr<const Schema> OwnSchema() {
  google::protobuf::FileDescriptorSet files;
  std::set<std::string> known;
  for (const google::protobuf::Descriptor* message :
       {v1::FetchRequest::descriptor(), v1::GetServerStatsRequest::descriptor(),
        grpc::health::v1::HealthCheckRequest::descriptor()}) {
    AddWithImports(*message->file(), &known, &files);
  }
  // They were good enough for the compiler.
  return *Schema::Make(files, "this project's server");
}

}  // namespace meanwhile
