#include "loadtest/report/figures.h"

#include <limits>

#include "gtest/gtest.h"

namespace meanwhile {
namespace {

TEST(FiguresTest, CountsHaveTheirThousandsApart) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(28412.4), "28,412");
  EXPECT_EQ(FormatCount(1234567890), "1,234,567,890");
  EXPECT_EQ(FormatCount(-1234), "-1,234");
  EXPECT_EQ(FormatCount(-123), "-123");
}

TEST(FiguresTest, FiguresShowThreeDigitsAfterRounding) {
  EXPECT_EQ(FormatFigure(0), "0.00");
  EXPECT_EQ(FormatFigure(0.123), "0.12");
  EXPECT_EQ(FormatFigure(9.994), "9.99");
  EXPECT_EQ(FormatFigure(9.996), "10.0");
  EXPECT_EQ(FormatFigure(99.96), "100");
  EXPECT_EQ(FormatFigure(28412.4), "28,412");
}

TEST(FiguresTest, SecondsTakeTheUnitThatKeepsThemUnderAThousand) {
  EXPECT_EQ(FormatSeconds(0), "0 s");
  EXPECT_EQ(FormatSeconds(503e-6), "503 µs");
  EXPECT_EQ(FormatSeconds(999.4e-6), "999 µs");
  EXPECT_EQ(FormatSeconds(999.6e-6), "1.00 ms");
  EXPECT_EQ(FormatSeconds(0.0503), "50.3 ms");
  EXPECT_EQ(FormatSeconds(0.9996), "1.00 s");
  EXPECT_EQ(FormatSeconds(1234), "1,234 s");
}

TEST(FiguresTest, BytesAreInPowersOfAThousand) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(64), "64 B");
  EXPECT_EQ(FormatBytes(999.6), "1.0 kB");
  EXPECT_EQ(FormatBytes(312.4e6), "312 MB");
  EXPECT_EQ(FormatBytes(8.3e9), "8.3 GB");
  EXPECT_EQ(FormatBytes(1e16), "10,000 TB");
}

TEST(FiguresTest, ASmallShareIsNotRoundedToNone) {
  EXPECT_EQ(FormatShare(0), "0 %");
  EXPECT_EQ(FormatShare(0.36), "36 %");
  EXPECT_EQ(FormatShare(1), "100 %");
  EXPECT_EQ(FormatShare(0.0004), "0.04 %");
  EXPECT_EQ(FormatShare(2e-6), "under 0.01 %");
}

TEST(FiguresTest, WhatIsNotFiniteIsADash) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double value : {nan, infinity, -infinity}) {
    EXPECT_EQ(FormatCount(value), "–");
    EXPECT_EQ(FormatFigure(value), "–");
    EXPECT_EQ(FormatSeconds(value), "–");
    EXPECT_EQ(FormatBytes(value), "–");
    EXPECT_EQ(FormatShare(value), "–");
  }
}

}  // namespace
}  // namespace meanwhile
