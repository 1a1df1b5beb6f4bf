// What /proc says of processes that a test has not started itself. Pure reads, any thread.

#ifndef MEANWHILE_TESTS_LOADTEST_PROCESS_TABLE_H_
#define MEANWHILE_TESTS_LOADTEST_PROCESS_TABLE_H_

#include <sys/types.h>

#include <vector>

namespace meanwhile {

// Whether there is such a process. A zombie does not live: whether it is reaped is up to who adopted it.
bool Lives(pid_t pid);

// The processes that the main thread of `pid` has started and that were not waited for.
std::vector<pid_t> ChildrenOf(pid_t pid);

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_LOADTEST_PROCESS_TABLE_H_
