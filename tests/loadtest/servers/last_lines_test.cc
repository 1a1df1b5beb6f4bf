#include "loadtest/servers/last_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(LastLinesTest, NothingWrittenIsNoLine) {
  LastLines lines;
  lines.Append("");
  EXPECT_THAT(lines.Get(), IsEmpty());
}

TEST(LastLinesTest, LinesMayComeInPieces) {
  LastLines lines;
  for (const char* piece : {"o", "ne\n\nth", "ree\nlast"}) lines.Append(piece);
  EXPECT_THAT(lines.Get(), ElementsAre("one", "", "three", "last"));
}

TEST(LastLinesTest, OnlyTheLastAreKept) {
  for (const char* end : {"", "\n"}) {
    LastLines lines;
    for (int i = 1; i <= 50; ++i) lines.Append(absl::StrCat(i == 1 ? "" : "\n", i));
    lines.Append(end);
    EXPECT_THAT(lines.Get(), SizeIs(LastLines::kLines));
    EXPECT_EQ(lines.Get().front(), "31");
    EXPECT_EQ(lines.Get().back(), "50");
  }
}

TEST(LastLinesTest, OfALongLineTheBeginningIsKept) {
  LastLines lines;
  for (int i = 0; i < 10; ++i) lines.Append(std::string(300, static_cast<char>('a' + i)));
  lines.Append("\nshort");
  ASSERT_THAT(lines.Get(), SizeIs(2));
  EXPECT_THAT(lines.Get().front(), SizeIs(LastLines::kLineSize));
  EXPECT_EQ(lines.Get().front().back(), 'd');
  EXPECT_EQ(lines.Get().back(), "short");
}

}  // namespace
}  // namespace meanwhile
