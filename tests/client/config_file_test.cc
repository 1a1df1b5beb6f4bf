#include "client/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<ConfigNode> config = ParseConfig(text);
  return config.ok() ? "none" : std::string(config.status().message());
}

TEST(ConfigFileTest, IsATreeThatKnowsItsLines) {
  const absl::StatusOr<ConfigNode> config =
      ParseConfig("a: 1\n# comment\nb:\n  - x\n  - c: 'y z'\n    d:\n\ne: [1.50, 0x10, yes]\n");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->children.size(), 3u);
  const ConfigNode& a = config->children[0];
  EXPECT_EQ(a.key, "a");
  EXPECT_EQ(a.line, 1);
  EXPECT_EQ(a.text, "1");
  const ConfigNode& b = config->children[1];
  EXPECT_EQ(b.kind, ConfigNode::Kind::kList);
  EXPECT_EQ(b.line, 3);
  ASSERT_EQ(b.children.size(), 2u);
  EXPECT_EQ(b.children[0].text, "x");
  EXPECT_EQ(b.children[0].line, 4);
  const ConfigNode& map = b.children[1];
  ASSERT_EQ(map.children.size(), 2u);
  EXPECT_EQ(map.children[0].key, "c");
  EXPECT_EQ(map.children[0].text, "y z");
  EXPECT_EQ(map.children[1].line, 6);
  EXPECT_EQ(map.children[1].kind, ConfigNode::Kind::kNothing);
  const ConfigNode& e = config->children[2];
  EXPECT_EQ(e.line, 8);
  // As they were written: nobody has made numbers of them.
  EXPECT_EQ(e.children[0].text, "1.50");
  EXPECT_EQ(e.children[1].text, "0x10");
  EXPECT_EQ(e.children[2].text, "yes");
}

TEST(ConfigFileTest, AnEmptyTextIsAnEmptyMap) {
  for (const char* text : {"", "\n# x\n", "---"}) {
    const absl::StatusOr<ConfigNode> config = ParseConfig(text);
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->kind, ConfigNode::Kind::kMap);
    EXPECT_TRUE(config->children.empty());
  }
}

TEST(ConfigFileTest, WhatIsNoYamlIsToldWithItsLine) {
  EXPECT_THAT(ErrorOf("a: 1\nb: [1, 2\nc: 3"), testing::MatchesRegex("[23]: .+"));
  EXPECT_THAT(ErrorOf("a: 'x\n"), testing::MatchesRegex("[12]: .+"));
  EXPECT_THAT(ErrorOf("a: \"x\nb: 5\n\n"), testing::MatchesRegex("[12]: .+"));
  EXPECT_THAT(ErrorOf("a: 1\n\tb: 2"), StartsWith("2: "));
  EXPECT_THAT(ErrorOf("a: *nobody"), StartsWith("1: "));
}

TEST(ConfigFileTest, WhatIsNoMapIsRefused) {
  EXPECT_EQ(ErrorOf("just text"), "1: must be KEY: VALUE");
  EXPECT_EQ(ErrorOf("model = pool"), "1: must be KEY: VALUE");
  EXPECT_EQ(ErrorOf("- a\n- b"), "1: must be KEY: VALUE");
  EXPECT_EQ(ErrorOf("a: 1\n---\nb: 2"), "3: must be the only document");
  EXPECT_EQ(ErrorOf("a: 1\n[x, y]: 2"), "2: a key must be a word");
}

TEST(ConfigFileTest, AKeyThatIsThereTwiceIsRefusedAlsoInside) {
  EXPECT_EQ(ErrorOf("a: 1\nb: 2\na: 3"), "3: a: already on line 1");
  EXPECT_EQ(ErrorOf("a:\n  - x: 1\n    x: 2"), "3: x: already on line 2");
}

TEST(ConfigFileTest, TreesWithoutEndAreRefused) {
  EXPECT_THAT(ErrorOf("a: &a [*a]"), HasSubstr("too large or too deep"));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 8; ++i) {
    absl::StrAppend(&bomb, "a", i, ": &a", i, " [");
    for (int j = 0; j < 9; ++j) absl::StrAppend(&bomb, "*a", i - 1, ", ");
    absl::StrAppend(&bomb, "x]\n");
  }
  EXPECT_THAT(ErrorOf(bomb), HasSubstr("too large or too deep"));
  EXPECT_NE(ErrorOf(std::string(5000, '[')), "none");
}

TEST(ConfigFileTest, ReadingNamesTheFile) {
  EXPECT_EQ(ReadConfigFile("/nowhere/at-all").status().message(), "/nowhere/at-all: No such file or directory");
}

}  // namespace
}  // namespace meanwhile
