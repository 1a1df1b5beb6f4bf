#include "tests/server/backend/database/postgres_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

constexpr int kNobody = 65534;

// A port of 127.0.0.1 that is free at the moment.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return ntohs(address.sin_port);
}

// The newest PostgreSQL that Debian has installed here.
std::string FindBinaries() {
  std::string newest;
  std::error_code error;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
    const std::string binaries = version.path() / "bin";
    if (std::filesystem::exists(binaries + "/initdb") && binaries > newest) newest = binaries;
  }
  return newest;
}

}  // namespace

PostgresServer::PostgresServer() : binaries_(FindBinaries()) {
  std::string place = testing::TempDir();
  if (const char* bazel = std::getenv("TEST_TMPDIR")) place = bazel;
  if (geteuid() == 0) {
    become_user_ = {"unshare", "--user", absl::StrCat("--map-user=", kNobody), absl::StrCat("--map-group=", kNobody),
                    "--"};
    if (RunProcess(AsUser({"true"})).exit_code != 0) {
      become_user_ = {"setpriv", absl::StrCat("--reuid=", kNobody), absl::StrCat("--regid=", kNobody), "--clear-groups",
                      "--"};
      place = "/tmp";  // Others may not enter root's own directories.
    }
  }
  directory_ = absl::StrCat(place, "/postgres-XXXXXX");
  EXPECT_NE(mkdtemp(directory_.data()), nullptr) << directory_;
  if (!become_user_.empty() && become_user_.front() == "setpriv") {
    EXPECT_EQ(chown(directory_.c_str(), kNobody, kNobody), 0);
  }
}

PostgresServer::~PostgresServer() {
  if (process_) Stop();
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
}

std::vector<std::string> PostgresServer::AsUser(const std::vector<std::string>& command) const {
  std::vector<std::string> arguments = become_user_;
  // A change of the user takes back what Process has asked for.
  for (const char* word : {"setpriv", "--pdeathsig=KILL", "--"}) arguments.emplace_back(word);
  arguments.insert(arguments.end(), command.begin(), command.end());
  return arguments;
}

std::string PostgresServer::Initialize() {
  const std::string password_file = absl::StrCat(directory_, "/password");
  std::ofstream(password_file) << kPassword << '\n';
  const Outcome made =
      RunProcess(AsUser({absl::StrCat(binaries_, "/initdb"), absl::StrCat("--pgdata=", directory_, "/data"),
                         "--username=meanwhile", absl::StrCat("--pwfile=", password_file), "--auth=scram-sha-256",
                         "--encoding=UTF8", "--no-locale", "--no-sync"}));
  return made.exit_code == 0 ? "" : absl::StrCat("initdb in '", binaries_, "': ", made.err);
}

std::string PostgresServer::Start() {
  if (port_ == 0) {
    if (std::string failure = Initialize(); !failure.empty()) return failure;
    port_ = FreePort();
  }
  const std::string data = absl::StrCat(directory_, "/data");
  // The socket's directory is the data directory, named from within: an absolute path could be too long for a socket.
  process_.emplace(
      AsUser({absl::StrCat(binaries_, "/postgres"), "-D", data, "-p", absl::StrCat(port_), "-k", ".", "-c",
              "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "autovacuum=off", "-c", "max_connections=30"}));
  // The last line of its file says when it serves.
  const auto status = [&] {
    std::ifstream file(data + "/postmaster.pid");
    std::string line;
    std::string last;
    while (std::getline(file, line)) last = line;
    return last;
  };
  const bool serves =
      WaitUntil([&] { return status().starts_with("ready") || process_->Wait(absl::ZeroDuration()).has_value(); });
  if (serves && status().starts_with("ready")) return "";
  Stop();
  return absl::StrCat("postgres: ", process_->err());
}

void PostgresServer::Stop() {
  Continue();
  process_->Signal(SIGQUIT);
  process_->Wait();
}

std::string PostgresServer::url(const std::string& host) const {
  return absl::StrCat("postgresql://meanwhile:", kPassword, "@", host, ":", port_, "/postgres");
}

}  // namespace meanwhile
