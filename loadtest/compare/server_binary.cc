#include "loadtest/compare/server_binary.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace meanwhile {

absl::StatusOr<std::string> FindServerBinary() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  std::vector<std::string> places = {
      absl::StrCat(self.string(), ".runfiles/meanwhile/server/server"),
      (self.parent_path().parent_path() / "server" / "server").string(),
  };
  // Whoever has the load tester among runfiles of its own, such as a test, says so.
  if (const char* runfiles = std::getenv("RUNFILES_DIR")) {
    places.insert(places.begin(), absl::StrCat(runfiles, "/meanwhile/server/server"));
  }
  for (const std::string& place : places) {
    if (access(place.c_str(), X_OK) == 0) return place;
  }
  return absl::NotFoundError(absl::StrCat("the server's binary is not there; looked at ", absl::StrJoin(places, ", ")));
}

}  // namespace meanwhile
