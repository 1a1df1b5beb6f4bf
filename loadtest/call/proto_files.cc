#include "loadtest/call/proto_files.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace meanwhile {
namespace {

namespace compiler = google::protobuf::compiler;
using google::protobuf::FileDescriptor;

// The files of the well-known types, which are in this program.
const FileDescriptor* WellKnownFile(const std::string& name) {
  static const auto* const kFiles = new std::vector<const FileDescriptor*>{
      google::protobuf::Any::descriptor()->file(),       google::protobuf::Duration::descriptor()->file(),
      google::protobuf::Empty::descriptor()->file(),     google::protobuf::FieldMask::descriptor()->file(),
      google::protobuf::Struct::descriptor()->file(),    google::protobuf::Timestamp::descriptor()->file(),
      google::protobuf::BoolValue::descriptor()->file(), google::protobuf::FileDescriptorProto::descriptor()->file(),
  };
  const auto file =
      std::find_if(kFiles->begin(), kFiles->end(), [&name](const auto* file) { return file->name() == name; });
  return file == kFiles->end() ? nullptr : *file;
}

// What is on disk, and the well-known types where they are not.
class SourceTree final : public compiler::SourceTree {
 public:
  void AddDirectory(const std::string& directory) { disk_.MapPath("", directory); }

  // What `file` is called by imports; empty when it is in none of the directories.
  std::string NameOf(const std::string& file) {
    std::string name;
    std::string shadowing;
    const auto result = disk_.DiskFileToVirtualFile(file, &name, &shadowing);
    return result == compiler::DiskSourceTree::NO_MAPPING || result == compiler::DiskSourceTree::SHADOWED ? "" : name;
  }

  google::protobuf::io::ZeroCopyInputStream* Open(const std::string& name) override {
    auto* const stream = disk_.Open(name);
    if (stream != nullptr) return stream;
    const FileDescriptor* file = WellKnownFile(name);
    if (file == nullptr) return nullptr;
    const std::string& text = *texts_.insert(file->DebugString()).first;
    return new google::protobuf::io::ArrayInputStream(text.data(), static_cast<int>(text.size()));
  }
  std::string GetLastErrorMessage() override { return disk_.GetLastErrorMessage(); }

 private:
  compiler::DiskSourceTree disk_;
  std::set<std::string> texts_;  // What the streams read from.
};

// The first error, and the line and column from 1 on.
class FirstError final : public compiler::MultiFileErrorCollector {
 public:
  void AddError(const std::string& file, int line, int column, const std::string& message) override {
    if (!text_.empty()) return;
    text_ = line < 0 ? absl::StrCat(file, ": ", message)
                     : absl::StrCat(file, ":", line + 1, ":", column + 1, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void AddWithImports(const FileDescriptor& file, google::protobuf::FileDescriptorSet* set,
                    std::set<const FileDescriptor*>* added) {
  if (!added->insert(&file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddWithImports(*file.dependency(i), set, added);
  file.CopyTo(set->add_file());
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Schema>> ReadProtoFiles(const std::vector<std::string>& files,
                                                             const std::vector<std::string>& import_directories) {
  SourceTree tree;
  for (const std::string& directory : import_directories) {
    if (!std::filesystem::is_directory(directory)) {
      return absl::InvalidArgumentError(absl::StrCat("--proto-path=", directory, ": there is no such directory"));
    }
    tree.AddDirectory(directory);
  }
  if (import_directories.empty()) {
    for (const std::string& file : files) {
      const std::string directory = std::filesystem::path(file).parent_path().string();
      tree.AddDirectory(directory.empty() ? "." : directory);
    }
  }
  FirstError error;
  compiler::Importer importer(&tree, &error);
  google::protobuf::FileDescriptorSet set;
  std::set<const FileDescriptor*> added;
  for (const std::string& file : files) {
    // A name relative to a directory is taken, too, as protoc does.
    const std::string name = std::filesystem::exists(file) ? tree.NameOf(file) : file;
    if (std::filesystem::is_directory(file)) {
      return absl::InvalidArgumentError(absl::StrCat("--proto=", file, ": Is a directory"));
    }
    if (name.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--proto=", file,
                       ": is in none of the directories of --proto-path: ", absl::StrJoin(import_directories, ", ")));
    }
    const FileDescriptor* descriptor = importer.Import(name);
    if (descriptor == nullptr) return absl::InvalidArgumentError(absl::StrCat("--proto: ", error.text()));
    AddWithImports(*descriptor, &set, &added);
  }
  return Schema::Make(set, absl::StrJoin(files, ", "));
}

}  // namespace meanwhile
