// The processors that this process may run on: those of the machine, unless it was given fewer (taskset, a container).
//
// Thread: any. What is told is of the calling thread, which all others have inherited from.

#ifndef MEANWHILE_CLIENT_PROCESSORS_H_
#define MEANWHILE_CLIENT_PROCESSORS_H_

#include <cstddef>
#include <vector>

namespace meanwhile {

// By their numbers, in order. Empty when the system does not say, as on a machine with over a thousand.
std::vector<int> Processors();

// How many there are, at least 1. Where the system does not say which, all of the machine's.
std::size_t AvailableProcessors();

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_PROCESSORS_H_
