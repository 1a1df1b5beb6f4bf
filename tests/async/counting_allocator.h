// Linking this library replaces operator new and delete: they count the allocations of each thread. malloc itself,
// which gRPC's core and protobuf also call, is not counted.

#ifndef MEANWHILE_TESTS_ASYNC_COUNTING_ALLOCATOR_H_
#define MEANWHILE_TESTS_ASYNC_COUNTING_ALLOCATOR_H_

#include <cstddef>

namespace meanwhile::async {

// How often the calling thread has called operator new since it began.
std::size_t AllocationsOfThisThread();

}  // namespace meanwhile::async

#endif  // MEANWHILE_TESTS_ASYNC_COUNTING_ALLOCATOR_H_
