#include "client/config_flag.h"

#include <gmock/gmock.h>
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
    const auto add = [this](const std::string& text) {
      if (text == "bad") return absl::InvalidArgumentError(FlagError("--also", text, "must be good"));
      also_.push_back(text);
      return absl::OkStatus();
    };
    AddRepeatedFlag(app_, "--also", add, "TEXT", "One that may be given again");
    app_.add_option("TARGET", target_, "An argument");
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
    EXPECT_EQ(error_, absl::StrCat("program: ", path_, ":", message, "\n"));
  }

  const std::string path_ = testing::TempDir() + "/flags.yaml";
  CLI::App app_{"A program.", "program"};
  std::uint32_t connections_ = 8;
  absl::Duration timeout_ = absl::Seconds(1);
  std::string name_ = "default";
  bool quick_ = false;
  std::vector<std::string> also_;
  std::string target_;

  std::optional<int> exit_code_;
  std::string error_;
};

TEST_F(ConfigFlagTest, SetsFlagsOfEveryKind) {
  Parse(
      "# A comment.\n\nconnections: 16\ntimeout: 5s\t# behind a space\nname: a,b c = d#e\nquick: true\nalso: [x, 'y "
      "z']\n"
      "target: here:1\n");
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
  EXPECT_EQ(connections_, 16u);
  EXPECT_EQ(timeout_, absl::Seconds(5));
  EXPECT_EQ(name_, "a,b c = d#e");
  EXPECT_TRUE(quick_);
  EXPECT_THAT(also_, testing::ElementsAre("x", "y z"));
  EXPECT_EQ(target_, "here:1");
}

TEST_F(ConfigFlagTest, LeavesTheDefaultOfAFlagThatTheFileDoesNotName) {
  Parse("connections: 16");
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
  EXPECT_EQ(timeout_, absl::Seconds(1));
  EXPECT_EQ(name_, "default");
  EXPECT_FALSE(quick_);
}

TEST_F(ConfigFlagTest, AnEmptyFileSetsNothing) {
  for (const char* text : {"", "# nothing\n", "---\n", "{}"}) {
    Parse(text);
    EXPECT_EQ(exit_code_, std::nullopt) << error_;
  }
}

TEST_F(ConfigFlagTest, KeepsWhatStandsInQuotes) {
  Parse("name: \" it's # not a comment \"  # but this is");
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
  EXPECT_EQ(name_, " it's # not a comment ");
  Parse("name: ''");
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
  EXPECT_EQ(name_, "");
}

TEST_F(ConfigFlagTest, TheCommandLineWinsOnEitherSideOfIt) {
  Parse("connections: 16\ntimeout: 5s\nalso: [x, y]", {"-c", "1", "--timeout=2s", "--also=z"});
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
  EXPECT_EQ(connections_, 1u);
  EXPECT_EQ(timeout_, absl::Seconds(2));
  EXPECT_THAT(also_, testing::ElementsAre("z"));
}

TEST_F(ConfigFlagTest, IsForTheFlagsOfItsSubcommand) {
  std::uint32_t rounds = 4;
  CLI::App* const command = app_.add_subcommand("compare", "");
  AddConfigFlag(*command);
  AddCountFlag(*command, "--rounds", &rounds, {1, 100}, "");
  std::ofstream(path_) << "rounds: 7";
  ParseCommandLine("compare", {"--config", path_.c_str()});
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
  EXPECT_EQ(rounds, 7u);

  std::ofstream(path_) << "connections: 7";
  ParseCommandLine("compare", {"--config", path_.c_str()});
  ExpectError("1: connections: unknown key");
}

TEST_F(ConfigFlagTest, SatisfiesAFlagThatMustBeGiven) {
  app_.get_option("--name")->required();
  app_.get_option("TARGET")->required();
  Parse("name: given\ntarget: here:1");
  EXPECT_EQ(exit_code_, std::nullopt) << error_;
  Parse("connections: 16");
  EXPECT_EQ(exit_code_, kUsageExitCode);
}

TEST_F(ConfigFlagTest, NamesTheLineTheKeyTheValueAndTheBoundOfABadValue) {
  Parse("# one\n\nconnections: 0");
  ExpectError("3: connections: 0: must be from 1 to 10000");
  Parse("timeout: 5");
  ExpectError("1: timeout: 5: must be a duration such as 50ms, 1.5s or 2m");
  Parse("also:\n  - good\n  - bad\n  - fine");
  ExpectError("3: also: bad: must be good");
}

TEST_F(ConfigFlagTest, RefusesAnUnknownKey) {
  for (const char* key : {"conections", "--connections", "c", "help", "config", "a b", "TARGET", "''"}) {
    Parse(absl::StrCat("connections: 16\n", key, ": 16"));
    ExpectError(absl::StrCat("2: ", key == std::string("''") ? "" : absl::StrCat(key, ": "), "unknown key"));
  }
}

TEST_F(ConfigFlagTest, RefusesAKeyThatIsThereTwice) {
  Parse("connections: 16\ntimeout: 5s\nconnections: 16");
  ExpectError("3: connections: already on line 1");
  Parse("connections: 16\nconnections: 17", {"-c", "1"});
  ExpectError("2: connections: already on line 1");
}

TEST_F(ConfigFlagTest, RefusesAKeyWithoutASingleValue) {
  Parse("timeout: 5s\nconnections:");
  ExpectError("2: connections: must have a value");
  Parse("also: []");
  ExpectError("1: also: must have a value");
  Parse("connections: [1, 2]");
  ExpectError("1: connections: must be a single value");
  Parse("also:\n- x\n- {a: b}");
  ExpectError("3: also: must be a single value");
}

class ConfigRulesTest : public testing::Test {
 protected:
  ConfigRulesTest() {
    app_.add_option("--rate", rate_, "");
    app_.add_option("--load", load_, "");
    app_.add_option("--spacing", spacing_, "");
    ConfigRules rules;
    app_.add_option("--call", call_, "");
    rules.replaces["rate"] = {"load", "phases", "spacing"};
    rules.replaces["call"] = {"mix"};
    rules.keys["phases"] = {"load", [](const ConfigNode& node) -> absl::StatusOr<std::optional<std::string>> {
                              if (node.kind != ConfigNode::Kind::kList) return ConfigError(node, "must be a list");
                              return absl::StrCat(node.children.size(), " phases");
                            }};
    rules.keys["mix"] = {"call", [this](const ConfigNode& node) -> absl::StatusOr<std::optional<std::string>> {
                           if (node.kind != ConfigNode::Kind::kList) return ConfigError(node, "must be a list");
                           mix_size_ = node.children.size();
                           return std::nullopt;
                         }};
    AddConfigFlag(app_, rules);
  }

  std::string Parse(const std::string& file, const std::vector<const char*>& more = {}) {
    std::ofstream(path_) << file;
    const std::string config = absl::StrCat("--config=", path_);
    std::vector<const char*> argv = {"program", config.c_str()};
    argv.insert(argv.end(), more.begin(), more.end());
    testing::internal::CaptureStderr();
    ParseFlags(app_, static_cast<int>(argv.size()), argv.data());
    return testing::internal::GetCapturedStderr();
  }

  const std::string path_ = testing::TempDir() + "/rules.yaml";
  CLI::App app_{"A program.", "program"};
  std::string rate_;
  std::string load_;
  std::string spacing_;
  std::string call_;
  std::size_t mix_size_ = 0;
};

TEST_F(ConfigRulesTest, AListBecomesTheValueOfItsFlag) {
  EXPECT_EQ(Parse("phases: [a, b]"), "");
  EXPECT_EQ(load_, "2 phases");
  EXPECT_EQ(Parse("\nphases: a"), absl::StrCat("program: ", path_, ":2: phases: must be a list\n"));
}

TEST_F(ConfigRulesTest, AKeyMayBeTakenWithoutGivingItsFlagAValue) {
  EXPECT_EQ(Parse("mix: [a, b, c]\nphases: [a]"), "");
  EXPECT_EQ(mix_size_, 3u);
  EXPECT_EQ(call_, "");
  EXPECT_EQ(load_, "1 phases");
  EXPECT_EQ(Parse("mix: a"), absl::StrCat("program: ", path_, ":1: mix: must be a list\n"));
  EXPECT_EQ(Parse("mix: [a]\ncall: x"), absl::StrCat("program: ", path_, ":2: call: cannot stand together with mix\n"));
}

TEST_F(ConfigRulesTest, TwoKeysDoNotSetTheSameFlag) {
  EXPECT_EQ(Parse("phases: [a]\nload: x"),
            absl::StrCat("program: ", path_, ":2: load: cannot stand together with phases\n"));
  EXPECT_EQ(Parse("load: x\nphases: [a]"),
            absl::StrCat("program: ", path_, ":2: phases: cannot stand together with load\n"));
}

TEST_F(ConfigRulesTest, AFlagOnTheCommandLineMakesVoidWhatItReplacesInTheFile) {
  EXPECT_EQ(Parse("phases: [a, b]\nspacing: even\nrate: 7", {"--rate=5"}), "");
  EXPECT_EQ(load_, "");
  EXPECT_EQ(spacing_, "");
  EXPECT_EQ(rate_, "5");
  EXPECT_EQ(Parse("phases: [a, b]\nspacing: even", {"--load=x"}), "");
  EXPECT_EQ(load_, "x");
  EXPECT_EQ(spacing_, "even") << "only what the flag replaces";
}

TEST_F(ConfigRulesTest, AFlagInTheFileReplacesNothing) {
  EXPECT_EQ(Parse("rate: 7\nspacing: even"), "");
  EXPECT_EQ(rate_, "7");
  EXPECT_EQ(spacing_, "even");
}

TEST_F(ConfigRulesTest, AFlagReplacesOnlyWhatItsRuleNames) {
  EXPECT_EQ(Parse("phases: [a, b]\nmix: [a]", {"--call=x"}), "");
  EXPECT_EQ(load_, "2 phases");
  EXPECT_EQ(mix_size_, 0u);
  EXPECT_EQ(call_, "x");
}

TEST_F(ConfigFlagTest, RefusesAFileThatCannotBeRead) {
  for (const auto& [path, message] :
       {std::pair("/nowhere/at-all", "No such file or directory"), std::pair("/proc", "Is a directory"),
        std::pair("/dev/zero", "must be a file of at most 1048576 bytes")}) {
    ParseCommandLine(absl::StrCat("--config=", path));
    EXPECT_EQ(exit_code_, kConfigExitCode);
    EXPECT_EQ(error_, absl::StrCat("program: ", path, ": ", message, "\n"));
  }
}

TEST_F(ConfigFlagTest, AWrongCommandLineIsAUsageErrorAllTheSame) {
  Parse("connections: 16", {"--timeout=5"});
  EXPECT_EQ(exit_code_, kUsageExitCode);
  ParseCommandLine("--config=");
  EXPECT_EQ(exit_code_, kUsageExitCode);
}

}  // namespace
}  // namespace meanwhile
