#include "loadtest/call/schema.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "client/flags.h"

namespace meanwhile {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using google::protobuf::ServiceDescriptor;

// Names shown in an error. There are servers with hundreds of services.
constexpr std::size_t kMostNames = 50;

// Keeps the first error.
class FirstError final : public DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const google::protobuf::Message* /*descriptor*/,
                ErrorLocation /*location*/, const std::string& message) override {
    if (text_.empty()) text_ = absl::StrCat(file, ": ", element, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

bool HasItsImports(const FileDescriptorProto& file, const DescriptorPool& pool) {
  return std::all_of(file.dependency().begin(), file.dependency().end(),
                     [&pool](const std::string& name) { return pool.FindFileByName(name) != nullptr; });
}

// The first file that cannot be built, and what it lacks.
std::string MissingImport(const std::vector<const FileDescriptorProto*>& files, const DescriptorPool& pool) {
  const auto is_there = [&](const std::string& name) {
    return std::any_of(files.begin(), files.end(), [&name](const auto* file) { return file->name() == name; });
  };
  for (const FileDescriptorProto* file : files) {
    for (const std::string& name : file->dependency()) {
      if (pool.FindFileByName(name) == nullptr && !is_there(name)) {
        return absl::StrCat(file->name(), " imports ", name, ", which is missing");
      }
    }
  }
  return absl::StrCat(files.front()->name(), " imports itself");
}

absl::Status Build(const FileDescriptorSet& set, absl::string_view origin, DescriptorPool* pool) {
  std::vector<const FileDescriptorProto*> left;
  for (const FileDescriptorProto& file : set.file()) left.push_back(&file);
  // A file is built after all that it imports.
  while (!left.empty()) {
    std::vector<const FileDescriptorProto*> later;
    for (const FileDescriptorProto* file : left) {
      if (pool->FindFileByName(file->name()) != nullptr) continue;  // Twice in the set.
      if (!HasItsImports(*file, *pool)) {
        later.push_back(file);
        continue;
      }
      FirstError error;
      if (pool->BuildFileCollectingErrors(*file, &error) == nullptr) {
        return absl::InvalidArgumentError(absl::StrCat("the schema of ", origin, " is wrong: ", error.text()));
      }
    }
    if (later.size() == left.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the schema of ", origin, " is not complete: ", MissingImport(left, *pool)));
    }
    left = std::move(later);
  }
  return absl::OkStatus();
}

std::string NamesOrNone(const std::vector<std::string>& names) {
  if (names.empty()) return "none";
  const std::size_t shown = std::min(names.size(), kMostNames);
  std::string text = absl::StrJoin(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", ");
  if (shown < names.size()) absl::StrAppend(&text, " and ", names.size() - shown, " more");
  return text;
}

std::vector<std::string> MethodsOf(const ServiceDescriptor& service) {
  std::vector<std::string> names;
  for (int i = 0; i < service.method_count(); ++i) names.push_back(service.method(i)->name());
  return names;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Schema>> Schema::Make(const FileDescriptorSet& files, absl::string_view origin) {
  std::vector<std::string> services;
  for (const FileDescriptorProto& file : files.file()) {
    for (const auto& service : file.service()) {
      services.push_back(file.package().empty() ? service.name() : absl::StrCat(file.package(), ".", service.name()));
    }
  }
  return Make(files, origin, std::move(services));
}

absl::StatusOr<std::shared_ptr<const Schema>> Schema::Make(const FileDescriptorSet& files, absl::string_view origin,
                                                           std::vector<std::string> services) {
  std::shared_ptr<Schema> schema(new Schema);
  schema->origin_ = std::string(origin);
  schema->services_ = std::move(services);
  std::sort(schema->services_.begin(), schema->services_.end());
  if (absl::Status status = Build(files, origin, &schema->pool_); !status.ok()) return status;
  return schema;
}

absl::StatusOr<MethodName> ParseMethodName(absl::string_view flag, absl::string_view text) {
  absl::string_view name = text;
  absl::ConsumePrefix(&name, "/");
  std::size_t end = name.find('/');
  if (end == absl::string_view::npos) end = name.rfind('.');
  if (end == absl::string_view::npos || end == 0 || end + 1 == name.size() ||
      name.find('/', end + 1) != absl::string_view::npos) {
    return absl::InvalidArgumentError(
        FlagError(flag, text, "must be a method such as grpc.health.v1.Health/Check: SERVICE/METHOD"));
  }
  return MethodName{std::string(name.substr(0, end)), std::string(name.substr(end + 1)), std::string(text)};
}

std::string Method::name() const { return absl::StrCat(descriptor->service()->full_name(), "/", descriptor->name()); }

std::string Method::path() const { return absl::StrCat("/", name()); }

absl::StatusOr<Method> FindMethod(std::shared_ptr<const Schema> schema, const MethodName& name) {
  const ServiceDescriptor* service = schema->pool().FindServiceByName(name.service);
  if (service == nullptr) {
    return absl::NotFoundError(absl::StrCat(name.text, ": ", schema->origin(), " has no service ", name.service,
                                            "; there are ", NamesOrNone(schema->services())));
  }
  const auto* method = service->FindMethodByName(name.method);
  if (method == nullptr) {
    return absl::NotFoundError(absl::StrCat(name.text, ": ", name.service, " has no method ", name.method,
                                            "; there are ", NamesOrNone(MethodsOf(*service))));
  }
  return Method{std::move(schema), method};
}

}  // namespace meanwhile
