// MeasuredTime: the part of a load in which it is measured: [begin, end). No call is sent that is intended at or after
// the end. Either may be put off (LoadTime::max()) and set while the loops run, the end first.
//
// Thread: any.

#ifndef MEANWHILE_LOADTEST_MEASURE_MEASURED_TIME_H_
#define MEANWHILE_LOADTEST_MEASURE_MEASURED_TIME_H_

#include <atomic>

#include "loadtest/engine/engine.h"

namespace meanwhile {

struct MeasuredTime {
  bool Has(LoadTime time) const {
    return time >= begin.load(std::memory_order_acquire) && time < end.load(std::memory_order_relaxed);
  }

  std::atomic<LoadTime> begin;
  std::atomic<LoadTime> end;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASURE_MEASURED_TIME_H_
