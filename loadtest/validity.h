// Whether a measurement tells of the server, or of the load tester that was too slow to make it. Pure functions, any
// thread.

#ifndef MEANWHILE_LOADTEST_VALIDITY_H_
#define MEANWHILE_LOADTEST_VALIDITY_H_

#include <string>
#include <vector>

#include "loadtest/load_run.h"

namespace meanwhile {

// Why the load tester was the limit, each reason with its figures and what to change; empty when it was not:
//
//   its processors   it used 95 % of all it may run on
//   a loop           one of its threads was busy for 95 % of the time
//                    (neither is told of a run of less than 100 ms)
//   late sends       dispatch delay p99 is over the bound (open loop)
//   missing sends    it did not send more than 1 % of what the schedule set (open loop)
std::vector<std::string> ClientLimits(const LoadResult& result);

inline bool IsClientLimited(const LoadResult& result) { return !ClientLimits(result).empty(); }

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_VALIDITY_H_
