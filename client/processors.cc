#include "client/processors.h"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace meanwhile {

std::vector<int> Processors() {
  cpu_set_t set;
  std::vector<int> processors;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return processors;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &set)) processors.push_back(i);
  }
  return processors;
}

std::size_t AvailableProcessors() {
  const std::size_t known = Processors().size();
  return known > 0 ? known : std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
}

}  // namespace meanwhile
