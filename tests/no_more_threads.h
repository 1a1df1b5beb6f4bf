// NoMoreThreads: while it lives, the process can start no thread, as where a control group or RLIMIT_NPROC bounds them:
// a new thread's stack would be larger than the address space. Holds for root, too, and under sanitizers. Threads that
// ask for a size of their own are started. gRPC must not run meanwhile: it starts threads when it needs them, and waits
// for them.
//
// Thread: a test's; one at a time.

#ifndef MEANWHILE_TESTS_NO_MORE_THREADS_H_
#define MEANWHILE_TESTS_NO_MORE_THREADS_H_

#include <gtest/gtest.h>
#include <pthread.h>

#include <cstddef>

namespace meanwhile {

class NoMoreThreads {
 public:
  NoMoreThreads() {
    pthread_attr_t attributes;
    EXPECT_EQ(pthread_getattr_default_np(&attributes), 0);
    EXPECT_EQ(pthread_attr_getstacksize(&attributes, &stack_size_), 0);
    pthread_attr_destroy(&attributes);
    SetStackSize(std::size_t{1} << 48);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;
  ~NoMoreThreads() { SetStackSize(stack_size_); }

 private:
  static void SetStackSize(std::size_t size) {
    pthread_attr_t attributes;
    EXPECT_EQ(pthread_getattr_default_np(&attributes), 0);
    EXPECT_EQ(pthread_attr_setstacksize(&attributes, size), 0);
    EXPECT_EQ(pthread_setattr_default_np(&attributes), 0);
    pthread_attr_destroy(&attributes);
  }

  std::size_t stack_size_ = 0;
};

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_NO_MORE_THREADS_H_
