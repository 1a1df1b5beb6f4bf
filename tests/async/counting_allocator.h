// Linking this library replaces operator new and delete: they count the allocations of each thread, and the bytes that
// it holds. malloc itself, which gRPC's core and protobuf also call, is not counted.

#ifndef MEANWHILE_TESTS_ASYNC_COUNTING_ALLOCATOR_H_
#define MEANWHILE_TESTS_ASYNC_COUNTING_ALLOCATOR_H_

#include <cstddef>
#include <cstdint>

namespace meanwhile::async {

// How often the calling thread has called operator new since it began.
std::size_t AllocationsOfThisThread();

// The bytes that the calling thread has got from operator new and not given back, with what the allocator rounds up.
// What a thread gives back for another counts against it.
std::int64_t BytesHeldByThisThread();

}  // namespace meanwhile::async

#endif  // MEANWHILE_TESTS_ASYNC_COUNTING_ALLOCATOR_H_
