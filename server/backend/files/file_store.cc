#include "server/backend/files/file_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/backend/files/file_descriptor.h"
#include "server/backend/files/file_error.h"
#include "server/backend/files/new_file.h"

namespace meanwhile {
namespace {

constexpr std::size_t kChunkBytes = 64 << 10;
constexpr std::uint64_t kMaxReadBytes = 1 << 20;

grpc::Status FromAbsl(const absl::Status& status) {
  if (status.ok()) return grpc::Status();
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

std::optional<grpc::Status> ReadFile(const DataDirectory& directory, const v1::FileReadWait& request,
                                     const DiskPool::HasEnded& has_ended, std::string* value) {
  const absl::StatusOr<FileDescriptor> file = directory.OpenFile(request.path());
  if (!file.ok()) return FromAbsl(file.status());
  struct stat facts;
  if (fstat(file->get(), &facts) != 0) return FromAbsl(FileError(errno, request.path()));
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  const std::uint64_t begin = std::min<std::uint64_t>(request.offset(), size);
  const std::uint64_t length = request.length() == 0 ? kMaxReadBytes : request.length();
  value->resize(std::min({length, kMaxReadBytes, size - begin}));

  std::size_t done = 0;
  while (done < value->size()) {
    if (has_ended()) return std::nullopt;
    const std::size_t chunk = std::min(kChunkBytes, value->size() - done);
    const ssize_t got = pread(file->get(), value->data() + done, chunk, static_cast<off_t>(begin + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromAbsl(FileError(errno, request.path()));
    if (got == 0) break;  // Somebody has cut the file off meanwhile.
    done += got;
  }
  value->resize(done);
  return grpc::Status();
}

std::optional<grpc::Status> WriteFile(const DataDirectory& directory, const v1::FileWriteWait& request,
                                      const DiskPool::HasEnded& has_ended) {
  absl::StatusOr<NewFile> file = NewFile::Create(directory, request.path());
  if (!file.ok()) return FromAbsl(file.status());
  for (absl::string_view left = request.content(); !left.empty();
       left.remove_prefix(std::min(kChunkBytes, left.size()))) {
    if (has_ended()) return std::nullopt;
    if (const absl::Status status = file->Append(left.substr(0, kChunkBytes)); !status.ok()) return FromAbsl(status);
  }
  if (has_ended()) return std::nullopt;
  return FromAbsl(file->TakeName());
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileStore>> FileStore::Open(const std::string& data_dir, const Options& options) {
  absl::StatusOr<DataDirectory> directory = DataDirectory::Open(data_dir);
  if (!directory.ok()) return directory.status();
  NewFile::RemoveStale(*directory);
  return std::unique_ptr<FileStore>(new FileStore(*std::move(directory), options));
}

FileStore::FileStore(DataDirectory directory, const Options& options)
    : directory_(std::move(directory)), pool_("files", options.threads, options.max_queued) {}

async::Task<Waited> FileStore::Read(async::EventLoop& loop, const v1::FileReadWait& request) {
  return pool_.Run(loop, [this, &request](const DiskPool::HasEnded& has_ended, std::string* value) {
    return ReadFile(directory_, request, has_ended, value);
  });
}

async::Task<Waited> FileStore::Write(async::EventLoop& loop, const v1::FileWriteWait& request) {
  return pool_.Run(loop, [this, &request](const DiskPool::HasEnded& has_ended, std::string*) {
    return WriteFile(directory_, request, has_ended);
  });
}

Waited FileStore::ReadBlocking(const BlockingWaitLimit& limit, const v1::FileReadWait& request) const {
  return DiskPool::RunBlocking(limit, [this, &request](const DiskPool::HasEnded& has_ended, std::string* value) {
    return ReadFile(directory_, request, has_ended, value);
  });
}

Waited FileStore::WriteBlocking(const BlockingWaitLimit& limit, const v1::FileWriteWait& request) const {
  return DiskPool::RunBlocking(limit, [this, &request](const DiskPool::HasEnded& has_ended, std::string*) {
    return WriteFile(directory_, request, has_ended);
  });
}

}  // namespace meanwhile
