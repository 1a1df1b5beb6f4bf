#include "loadtest/report/figures.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace meanwhile {
namespace {

// `value` with so many decimals and its thousands apart.
std::string WithThousands(double value, int decimals) {
  std::string text = absl::StrFormat("%.*f", decimals, value);
  const std::size_t first_digit = text[0] == '-' ? 1 : 0;
  const std::size_t point = std::min(text.find('.'), text.size());
  for (std::size_t i = point; i > first_digit + 3;) {
    i -= 3;
    text.insert(i, 1, ',');
  }
  return text;
}

// How many decimals show three digits of `value`, rounded: 9.996 is 10.0, not 10.00.
int DecimalsOf(double value) {
  const double size = std::abs(value);
  return size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
}

}  // namespace

std::string FormatCount(double count) { return std::isfinite(count) ? WithThousands(count, 0) : kNoFigure; }

std::string FormatFigure(double figure) {
  return std::isfinite(figure) ? WithThousands(figure, DecimalsOf(figure)) : kNoFigure;
}

std::string FormatSeconds(double seconds) {
  if (!std::isfinite(seconds)) return kNoFigure;
  if (seconds == 0) return "0 s";
  // 999.5 of a unit would be written as 1,000 of it.
  if (std::abs(seconds) < 999.5e-6) return absl::StrCat(FormatFigure(seconds * 1e6), " µs");
  if (std::abs(seconds) < 999.5e-3) return absl::StrCat(FormatFigure(seconds * 1e3), " ms");
  return absl::StrCat(FormatFigure(seconds), " s");
}

std::string FormatBytes(double bytes) {
  if (!std::isfinite(bytes)) return kNoFigure;
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; std::abs(bytes) >= 999.5 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1000;
  const int decimals = unit > 0 && std::abs(bytes) < 9.95 ? 1 : 0;
  return absl::StrCat(WithThousands(bytes, decimals), " ", kUnits[unit]);
}

std::string FormatShare(double share) {
  if (!std::isfinite(share)) return kNoFigure;
  const double percent = share * 100;
  if (percent == 0) return "0 %";
  // Two errors in a million are not none.
  if (std::abs(percent) < 0.005) return "under 0.01 %";
  return absl::StrCat(WithThousands(percent, std::abs(percent) < 0.995 ? 2 : 0), " %");
}

}  // namespace meanwhile
