#include "loadtest/measure/host.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace meanwhile {
namespace {

TEST(HostTest, ProcessorNameIsTheFirstModelName) {
  EXPECT_EQ(ProcessorName("processor\t: 0\nmodel\t\t: 1\nmodel name\t: AMD EPYC 7763\nstepping\t: 1\n"
                          "processor\t: 1\nmodel name\t: Another\n"),
            "AMD EPYC 7763");
}

TEST(HostTest, ProcessorNameIsEmptyWhereTheKernelGivesNone) {
  EXPECT_EQ(ProcessorName("processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\n"), "");
  EXPECT_EQ(ProcessorName(""), "");
}

TEST(HostTest, MemoryBytesIsMemTotal) {
  EXPECT_EQ(MemoryBytes("MemTotal:       24684092 kB\nMemFree:        23981076 kB\n"), 24684092ull * 1024);
}

TEST(HostTest, MemoryBytesIsZeroWhenItIsNotThere) {
  EXPECT_EQ(MemoryBytes(""), 0u);
  EXPECT_EQ(MemoryBytes("MemFree: 5 kB\n"), 0u);
  EXPECT_EQ(MemoryBytes("MemTotal: many kB\n"), 0u);
}

TEST(HostTest, ThisHostIsDescribedInFull) {
  const v1::Host host = ReadHost();
  char name[256];
  ASSERT_EQ(gethostname(name, sizeof(name)), 0);
  EXPECT_EQ(host.name(), name);
  EXPECT_FALSE(host.processor().empty());
  EXPECT_EQ(host.kernel().substr(0, 6), "Linux ");

  struct sysinfo info;
  ASSERT_EQ(sysinfo(&info), 0);
  EXPECT_EQ(host.memory_bytes(), static_cast<double>(info.totalram) * info.mem_unit);
}

TEST(HostTest, ProcessorsAreThoseThatTheThreadMayRunOn) {
  // On a thread of its own: what is pinned here stays pinned.
  std::thread([] {
    cpu_set_t allowed;
    ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
    EXPECT_EQ(ReadHost().processors(), static_cast<uint32_t>(CPU_COUNT(&allowed)));

    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    EXPECT_EQ(ReadHost().processors(), 1u);
  }).join();
}

}  // namespace
}  // namespace meanwhile
