#include "server/backend/backend.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/credentials.h"
#include "server/backend/database/postgres_database.h"
#include "server/backend/database/sqlite_database.h"

namespace meanwhile {
namespace {

// How the names of the flags begin that say how the other server is spoken to.
constexpr char kRemotePrefix[] = "--remote-";

// What a simulated wait asks for; null for the server's own backend. Of the other kinds it is not asked.
const BackendSpec* SpecOf(const PlannedWait& wait) { return std::get_if<BackendSpec>(&wait); }

bool IsSimulated(const PlannedWait& wait) {
  return std::holds_alternative<OwnBackend>(wait) || std::holds_alternative<BackendSpec>(wait);
}

// An error of whatever `flag` names.
absl::Status Named(absl::string_view flag, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(flag, ": ", status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Backend>> Backend::Open(const ServerOptions& options) {
  std::unique_ptr<Backend> backend(new Backend(options));
  if (absl::Status status = backend->OpenRemote(options); !status.ok()) return status;
  if (absl::Status status = backend->OpenFilesAndDatabase(options); !status.ok()) return status;
  return backend;
}

absl::Status Backend::OpenRemote(const ServerOptions& options) {
  const CredentialFlags& flags = options.remote_credentials;
  if (options.remote.empty()) {
    const std::pair<const char*, const std::string*> of_remote[] = {
        {"cacert", &flags.cacert}, {"cert", &flags.cert}, {"key", &flags.key}, {"authority", &flags.authority}};
    for (const auto& [name, value] : of_remote) {
      if (!value->empty()) return absl::InvalidArgumentError(absl::StrCat(kRemotePrefix, name, ": needs --remote"));
    }
    return absl::OkStatus();
  }
  const absl::StatusOr<Credentials> credentials = MakeCredentials(flags, kRemotePrefix);
  if (!credentials.ok()) return credentials.status();
  remote_.emplace(options.remote, *credentials);
  return absl::OkStatus();
}

absl::Status Backend::OpenFilesAndDatabase(const ServerOptions& options) {
  if (!options.data_dir.empty()) {
    absl::StatusOr<std::unique_ptr<FileStore>> files = FileStore::Open(options.data_dir, {});
    if (!files.ok()) return Named("--data-dir", files.status());
    files_ = *std::move(files);
  }
  if (!options.postgres.empty()) {
    absl::StatusOr<std::unique_ptr<PostgresDatabase>> postgres = PostgresDatabase::Create(options.postgres, {});
    if (!postgres.ok()) return Named("--postgres", postgres.status());
    database_ = *std::move(postgres);
  } else {
    absl::StatusOr<std::unique_ptr<SqliteDatabase>> sqlite = SqliteDatabase::Open({.path = options.database});
    if (!sqlite.ok()) return Named("--database", sqlite.status());
    database_ = *std::move(sqlite);
  }
  return absl::OkStatus();
}

Backend::Backend(const ServerOptions& options)
    : max_wait_(options.max_wait), simulated_(options.backend), draws_(options.backend, /*stream=*/0) {}

BackendDraw Backend::Draw(const BackendSpec* spec, BackendDraws& draws) const {
  if (spec == nullptr) return draws.Next();
  BackendDraw draw = draws.Next(*spec);
  draw.latency = std::min(draw.latency, max_wait_);
  return draw;
}

Waited Backend::WaitBlocking(const BlockingWaitLimit& limit, const PlannedWait& wait) {
  if (IsSimulated(wait)) {
    std::unique_lock lock(draws_mutex_);
    const BackendDraw draw = Draw(SpecOf(wait), draws_);
    lock.unlock();
    return simulated_.WaitBlocking(limit, draw);
  }
  if (const auto* call = std::get_if<RemoteCall>(&wait)) return remote_->WaitBlocking(limit, *call);
  if (const auto* read = std::get_if<const v1::FileReadWait*>(&wait)) return files_->ReadBlocking(limit, **read);
  if (const auto* write = std::get_if<const v1::FileWriteWait*>(&wait)) return files_->WriteBlocking(limit, **write);
  return database_->WaitBlocking(limit, *std::get<const v1::QueryWait*>(wait));
}

LoopBackend::LoopBackend(Backend* backend, async::EventLoop* loop, std::uint64_t stream)
    : backend_(backend), loop_(loop), draws_(backend->simulated_.spec(), stream) {
  if (backend->remote_) remote_ = backend->remote_->NewStub();
}

// Not a coroutine: hands on the task of whoever does the waiting, without a frame of its own.
async::Task<Waited> LoopBackend::Wait(const PlannedWait& wait) {
  if (IsSimulated(wait)) return backend_->simulated_.Wait(*loop_, backend_->Draw(SpecOf(wait), draws_));
  if (const auto* call = std::get_if<RemoteCall>(&wait)) return backend_->remote_->Wait(*loop_, *remote_, *call);
  if (const auto* read = std::get_if<const v1::FileReadWait*>(&wait)) return backend_->files_->Read(*loop_, **read);
  if (const auto* write = std::get_if<const v1::FileWriteWait*>(&wait)) return backend_->files_->Write(*loop_, **write);
  return backend_->database_->Wait(*loop_, *std::get<const v1::QueryWait*>(wait));
}

}  // namespace meanwhile
