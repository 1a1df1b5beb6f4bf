// Numbers as people read them: 28,412 and 50.3 ms and 312 MB.
//
// For the terminal only: the files that programs read carry full precision. Pure functions, any thread. A figure that
// is not finite is written as a dash.
#ifndef MEANWHILE_LOADTEST_REPORT_FIGURES_H_
#define MEANWHILE_LOADTEST_REPORT_FIGURES_H_

#include <string>

namespace meanwhile {

// What stands where there is no figure.
inline constexpr char kNoFigure[] = "–";

// A whole number with its thousands apart: `28,412`.
std::string FormatCount(double count);

// A number of any size in three digits, at most two of them decimals: `0.12`, `28.4`, `28,412`.
std::string FormatFigure(double figure);

// `50.3 ms`, `503 µs`, `1.20 s`.
std::string FormatSeconds(double seconds);

// In powers of 1,000: `640 kB`, `312 MB`, `1.2 GB`.
std::string FormatBytes(double bytes);

// A share of 1 in percent: `36 %`, `0.04 %`.
std::string FormatShare(double share);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_REPORT_FIGURES_H_
