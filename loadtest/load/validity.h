// Whether a measurement tells of the server, or of the load tester that was too slow to make it. Pure functions, any
// thread.

#ifndef MEANWHILE_LOADTEST_LOAD_VALIDITY_H_
#define MEANWHILE_LOADTEST_LOAD_VALIDITY_H_

#include <string>
#include <vector>

#include "loadtest/load/load_run.h"

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

// The first three of these: what no server can be blamed for. Missing sends may be for want of a place, among the calls
// that a slow server holds.
std::vector<std::string> OwnLimits(const LoadResult& result);

// Whether the server answered fewer calls than an open loop was to send: more than 1 % found no place, or 5 % more were
// due in the measured time than ended in it, which is more than the number in flight varies by. Where the calls end the
// measured time, by their total or with a replay, all end in it, and only the first is told. False in a closed loop.
bool IsServerBehind(const LoadResult& result);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LOAD_VALIDITY_H_
