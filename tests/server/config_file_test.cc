// The `server` binary with a configuration file: the one that docs/configuration.md shows, and wrong ones.

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/process.h"
#include "tests/server/fetches_in_flight.h"
#include "tests/server/server_process.h"

namespace meanwhile {
namespace {

// Writes a file and gives its flag.
std::string Config(const std::string& text) {
  const std::string path = testing::TempDir() + "/server.yaml";
  std::ofstream(path) << text;
  return absl::StrCat("--config=", path);
}

// The block of docs/configuration.md that begins with ```yaml.
std::string Example() {
  std::ifstream page("docs/configuration.md");
  std::string example;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (inside && line == "```") return example;
    if (inside) absl::StrAppend(&example, line, "\n");
    inside = inside || line == "```yaml";
  }
  ADD_FAILURE() << "docs/configuration.md shows no example";
  return "";
}

TEST(ConfigFileTest, TheExampleOfTheDocsServes) {
  ServerProcess server({Config(Example())});
  EXPECT_EQ(server.first_line(), absl::StrCat("serving on ", server.target(),
                                              ": model pool, backend lognormal:20ms,200ms,fail=0.001:UNAVAILABLE"));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0) << server.err();
}

TEST(ConfigFileTest, TheCommandLineWins) {
  ServerProcess server({Config("model: pool\nbackend: constant:1ms\nlisten: localhost:1"), "--model=thread"});
  EXPECT_EQ(server.first_line(), absl::StrCat("serving on ", server.target(), ": model thread, backend constant:1ms"));
}

// As on the command line: the pool model's own default does not come over it.
TEST(ConfigFileTest, AFlagOfTheFileCountsAsGiven) {
  ServerProcess server({Config("model: pool\npool-threads: 1\npool-queue: 0")});
  FetchesInFlight first(server.target(), 1, absl::Minutes(1));
  ASSERT_TRUE(server.HasInFlight(1));
  FetchesInFlight second(server.target(), 1, absl::Milliseconds(1));
  EXPECT_EQ(second.Ended().count(grpc::StatusCode::RESOURCE_EXHAUSTED), 1u) << "there is one thread and no queue";
}

TEST(ConfigFileTest, AWrongFileExitsWithItsCodeAndTheLineIsNamed) {
  const std::map<std::string, std::string> wrong = {
      {"model: async\nmodle: pool", "2: modle: unknown key"},
      {"# a comment\npool-threads: 0", "2: pool-threads: 0: must be from 1 to 10000"},
      {"listen: localhost", "1: listen: localhost: must be HOST:PORT or unix:PATH"},
      {"listen: 'unix:'", "1: listen: unix:: the path must have from 1 to 107 characters"},
      {"backend: constant", "1: backend: constant: needs LATENCY"},
      {"postgres: postgres://127.0.0.1:99999/x",
       "1: postgres: port: must be from 1 to 65535; must be like postgresql://USER:PASSWORD@HOST:PORT/DATABASE"},
      {"reflection: maybe", "1: reflection: maybe: must be true or false"},
      {"grace: 1s\n\ngrace: 2s", "3: grace: already on line 1"},
      {"reflection", "1: must be KEY: VALUE"},
      {"reflection:", "1: reflection: must have a value"},
      {"model = pool", "1: must be KEY: VALUE"},
  };
  for (const auto& [text, message] : wrong) {
    const std::string config = Config(text);
    const std::string path(absl::StripPrefix(config, "--config="));
    const Outcome outcome = RunProcess({"server/server", config});
    EXPECT_EQ(outcome.exit_code, 104) << text;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, absl::StrCat("server: ", path, ":", message, "\n"));
  }
}

TEST(ConfigFileTest, AFileThatIsNotThereExitsWithTheSameCode) {
  const Outcome outcome = RunProcess({"server/server", "--config=/nowhere"});
  EXPECT_EQ(outcome.exit_code, 104);
  EXPECT_EQ(outcome.err, "server: /nowhere: No such file or directory\n");
}

}  // namespace
}  // namespace meanwhile
