#include "client/processors.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <cstddef>
#include <thread>
#include <vector>

namespace meanwhile {
namespace {

TEST(ProcessorsTest, AreThoseThatTheThreadMayRunOn) {
  const std::vector<int> all = Processors();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(AvailableProcessors(), all.size());
  // On a thread of its own: the others keep theirs.
  std::thread([last = all.back()] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    EXPECT_EQ(Processors(), (std::vector<int>{last}));
    EXPECT_EQ(AvailableProcessors(), 1u);
  }).join();
  EXPECT_EQ(Processors(), all);
}

}  // namespace
}  // namespace meanwhile
