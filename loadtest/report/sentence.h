// A comparison in one sentence, the one that people quote:
//
//   At 4,000 in flight async serves 2.7 times [2.5–2.9] the calls of thread, with 13 threads instead of 3,160.
//   At 500 calls/s the p50 of async is 0.98 times [0.97–0.99] that of thread, its p99 0.71 times [0.62–0.80], with …
//   At 500 calls/s pool does not keep up: it answers 420 calls/s.
//   At 100 in flight the rate is 1.04 times [0.98–1.10] what it was before: no difference that these runs can show.
//
// It claims a difference only where the interval shows one, judged by the figures as they are printed: whoever reads
// [1.00–1.03] sees no difference, so none is claimed. Where the load tester was the limit of one side, it says "at
// least" or "at most", and where it was the limit of both, that nothing can be said. Pure functions, any thread.
#ifndef MEANWHILE_LOADTEST_REPORT_SENTENCE_H_
#define MEANWHILE_LOADTEST_REPORT_SENTENCE_H_

#include <string>

#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

// The sentence of `comparison` of two servers. `subject` and `baseline` are the cells it compares; threads are told of
// when both have server usage.
std::string Sentence(const v1::Comparison& comparison, const v1::Cell& subject, const v1::Cell& baseline);

// That of a comparison of earlier runs, later ones over those before.
std::string EarlierRunsSentence(const v1::Comparison& comparison, const v1::Cell& after, const v1::Cell& before);

// `1.04 times [0.98–1.10]`, without brackets where there is no interval; a dash where there is nothing to compare.
std::string FormatRatio(const v1::Estimate& ratio);

// Sets `sentence` of each of the report's comparisons, from the report's cells.
void SetSentences(v1::ComparisonReport& report);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_REPORT_SENTENCE_H_
