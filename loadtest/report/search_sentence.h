// The answer of a search in a sentence or two:
//
//   localhost:50051 holds p99<100ms and errors<0.1% at 2,378 calls/s: 3 of 3 runs at that rate did. 2,497 calls/s was
//   too much: p99<100ms was 123 ms.
//
// Pure function, any thread.
#ifndef MEANWHILE_LOADTEST_REPORT_SEARCH_SENTENCE_H_
#define MEANWHILE_LOADTEST_REPORT_SEARCH_SENTENCE_H_

#include <string>

#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

// From all other fields of the report.
std::string SearchSentence(const v1::SearchReport& report);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_REPORT_SEARCH_SENTENCE_H_
