#include "client/config_flag.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/flags.h"

namespace meanwhile {
namespace {

class ConfigFlagTest : public testing::Test {
 protected:
  ConfigFlagTest() {
    // Flags stand on both sides of --config, and their order must not matter.
    AddCountFlag(app_, "-c,--connections", &connections_, {1, 10'000}, "Sockets");
    AddConfigFlag(app_);
    AddDurationFlag(app_, "--timeout", &timeout_, {absl::Milliseconds(1), absl::Hours(1)}, "Of a call");
    app_.add_option("--name", name_, "A text");
    app_.add_flag("--quick", quick_, "A flag without a value");
  }

  // Parses `--config` with such a file, and flags after it.
  void Parse(const std::string& file, const std::vector<const char*>& more = {}) {
    std::ofstream(path_) << file;
    ParseCommandLine(absl::StrCat("--config=", path_), more);
  }

  void ParseCommandLine(const std::string& config, const std::vector<const char*>& more = {}) {
    std::vector<const char*> argv = {"program", config.c_str()};
    argv.insert(argv.end(), more.begin(), more.end());
    testing::internal::CaptureStderr();
    exit_code_ = ParseFlags(app_, static_cast<int>(argv.size()), argv.data());
    error_ = testing::internal::GetCapturedStderr();
  }

  void ExpectError(const std::string& message) const {
    EXPECT_EQ(exit_code_, kConfigExitCode);
    EXPECT_EQ(error_, absl::StrCat("program: --config=", path_, ": ", message, "\n"));
  }

  const std::string path_ = testing::TempDir() + "/flags.conf";
  CLI::App app_{"A program.", "program"};
  std::uint32_t connections_ = 8;
  absl::Duration timeout_ = absl::Seconds(1);
  std::string name_ = "default";
  bool quick_ = false;

  std::optional<int> exit_code_;
  std::string error_;
};

TEST_F(ConfigFlagTest, SetsFlagsOfEveryKind) {
  Parse("# A comment.\n\nconnections = 16\n  timeout=5s\t# behind a space\r\nname = a,b c = d#e\nquick = true");
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
  EXPECT_EQ(connections_, 16u);
  EXPECT_EQ(timeout_, absl::Seconds(5));
  EXPECT_EQ(name_, "a,b c = d#e");
  EXPECT_TRUE(quick_);
}

TEST_F(ConfigFlagTest, LeavesTheDefaultOfAFlagThatTheFileDoesNotName) {
  Parse("connections = 16");
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
  EXPECT_EQ(timeout_, absl::Seconds(1));
  EXPECT_EQ(name_, "default");
  EXPECT_FALSE(quick_);
}

TEST_F(ConfigFlagTest, AnEmptyFileSetsNothing) {
  Parse("");
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
}

TEST_F(ConfigFlagTest, KeepsWhatStandsInQuotes) {
  Parse("name = \" it's # not a comment \"  # but this is");
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
  EXPECT_EQ(name_, " it's # not a comment ");
  Parse("name = ''");
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
  EXPECT_EQ(name_, "");
}

TEST_F(ConfigFlagTest, TheCommandLineWinsOnEitherSideOfIt) {
  Parse("connections = 16\ntimeout = 5s", {"-c", "1", "--timeout=2s"});
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
  EXPECT_EQ(connections_, 1u);
  EXPECT_EQ(timeout_, absl::Seconds(2));
}

TEST_F(ConfigFlagTest, IsForTheFlagsOfItsSubcommand) {
  std::uint32_t rounds = 4;
  CLI::App* const command = app_.add_subcommand("compare", "");
  AddConfigFlag(*command);
  AddCountFlag(*command, "--rounds", &rounds, {1, 100}, "");
  std::ofstream(path_) << "rounds = 7";
  ParseCommandLine("compare", {"--config", path_.c_str()});
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
  EXPECT_EQ(rounds, 7u);

  std::ofstream(path_) << "connections = 7";
  ParseCommandLine("compare", {"--config", path_.c_str()});
  ExpectError("line 1: connections: unknown key");
}

TEST_F(ConfigFlagTest, SatisfiesAFlagThatMustBeGiven) {
  app_.get_option("--name")->required();
  Parse("name = given");
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
  Parse("connections = 16");
  EXPECT_EQ(exit_code_, kUsageExitCode);
}

TEST_F(ConfigFlagTest, NamesTheLineTheValueAndTheBoundOfABadValue) {
  Parse("# one\n\nconnections = 0");
  ExpectError("line 3: --connections=0: must be from 1 to 10000");
  Parse("timeout = 5");
  ExpectError("line 1: --timeout=5: must be a duration such as 50ms, 1.5s or 2m");
}

TEST_F(ConfigFlagTest, RefusesAnUnknownKey) {
  for (const char* key : {"conections", "--connections", "c", "help", "config", "a b", "[connections"}) {
    Parse(absl::StrCat("connections = 16\n", key, " = 16"));
    ExpectError(absl::StrCat("line 2: ", key, ": unknown key"));
  }
}

TEST_F(ConfigFlagTest, RefusesAKeyThatIsThereTwice) {
  Parse("connections = 16\ntimeout = 5s\nconnections = 16");
  ExpectError("line 3: connections: already on line 1");
  Parse("connections = 16\nconnections = 17", {"-c", "1"});
  ExpectError("line 2: connections: already on line 1");
}

TEST_F(ConfigFlagTest, RefusesALineThatIsNotAKeyAndAValue) {
  for (const char* line : {"x", "quick", "[section]", "= 16", "connections =", "connections = # 16", "name = \"open",
                           "name = 'a' b", "name = 'it's'"}) {
    Parse(absl::StrCat("timeout = 5s\n", line));
    ExpectError("line 2: must be KEY = VALUE, with a quote closed where one is opened");
  }
}

TEST_F(ConfigFlagTest, RefusesAFileThatCannotBeRead) {
  for (const auto& [path, message] :
       {std::pair("/nowhere/at-all", "No such file or directory"), std::pair("/proc", "Is a directory"),
        std::pair("/dev/zero", "must be a file of at most 1048576 bytes")}) {
    ParseCommandLine(absl::StrCat("--config=", path));
    EXPECT_EQ(exit_code_, kConfigExitCode);
    EXPECT_EQ(error_, absl::StrCat("program: --config=", path, ": ", message, "\n"));
  }
}

TEST_F(ConfigFlagTest, AWrongCommandLineIsAUsageErrorAllTheSame) {
  Parse("connections = 16", {"--timeout=5"});
  EXPECT_EQ(exit_code_, kUsageExitCode);
  ParseCommandLine("--config=");
  EXPECT_EQ(exit_code_, kUsageExitCode);
}

}  // namespace
}  // namespace meanwhile
