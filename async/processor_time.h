// ThreadProcessorTime: what the calling thread has spent on a processor so far. The difference of two tells what a
// piece of work cost, without the time in which its thread was blocked or had to wait for a processor.
//
// Costs a system call. Thread: any.

#ifndef MEANWHILE_ASYNC_PROCESSOR_TIME_H_
#define MEANWHILE_ASYNC_PROCESSOR_TIME_H_

#include <time.h>

#include <chrono>

#include "async/timer_queue.h"

namespace meanwhile::async {

inline Duration ThreadProcessorTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_PROCESSOR_TIME_H_
