#include "loadtest/report/text_layout.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace meanwhile {
namespace {

using ::testing::ElementsAre;

TEST(TextLayoutTest, ControlCharactersAndBrokenUtf8ArePrintedAsEscapes) {
  EXPECT_EQ(Printable("plain – é"), "plain – é");
  EXPECT_EQ(Printable("a\nb\x1b[31m\x7f"), "a\\nb\\x1b[31m\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\xc2\\x9b");  // U+009B starts an escape sequence too.
  EXPECT_EQ(Printable("\xff\xc3"
                      "A"),
            "\\xff\\xc3A");                        // No UTF-8; no continuation.
  EXPECT_EQ(Printable("\xe2\x80"), "\\xe2\\x80");  // Cut off.
}

TEST(TextLayoutTest, WidthCountsCharactersNotBytes) {
  EXPECT_EQ(TextWidth(""), 0u);
  EXPECT_EQ(TextWidth("é–█"), 3u);
}

TEST(TextLayoutTest, ShortensByCharactersAndTellsIt) {
  EXPECT_EQ(Shortened("abcd", 4), "abcd");
  EXPECT_EQ(Shortened("abcde", 4), "abc…");
  EXPECT_EQ(Shortened("éééé", 3), "éé…");
}

TEST(TextLayoutTest, JoinsItemsIntoLinesThatFit) {
  EXPECT_EQ(JoinItems({"aaa", "bbb", "ccc"}, 9), "aaa · bbb\nccc");
  EXPECT_EQ(JoinItems({"a longer item", "b"}, 9), "a longer item\nb");
}

TEST(TextLayoutTest, WrapsWordsWithAnIndent) {
  EXPECT_EQ(WrapWords("one two three four", 9, 2), "one two\n  three\n  four");
  EXPECT_EQ(WrapWords("one two three", 13, 2), "one two three");
}

TEST(TextLayoutTest, BarsAreExactToAnEighthAndShowWhatIsMoreThanNothing) {
  EXPECT_EQ(Bar(1, 3), "███");
  EXPECT_EQ(Bar(0.5, 3), "█▌");
  EXPECT_EQ(Bar(1e-9, 3), "▏");
  EXPECT_EQ(Bar(0, 3), "");
  EXPECT_EQ(Bar(0.0 / 0.0, 3), "");
  EXPECT_EQ(Bar(7, 3), "███");
  EXPECT_EQ(Bar(1, 0), "");
}

TEST(TextLayoutTest, TableColumnsAlign) {
  TextTable table("lr");
  table.AddRow({"é", "1"});
  table.AddRow({"long", "22"});
  table.AddRow({"", ""});
  EXPECT_THAT(table.Lines(1), ElementsAre(" é      1", " long  22", ""));
}

}  // namespace
}  // namespace meanwhile
