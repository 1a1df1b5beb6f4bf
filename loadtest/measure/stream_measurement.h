// StreamMeasurement: what is known of the messages of calls that stream, in the measured time. Calls themselves, also
// those that stream, are the affair of Measurement.
//
// Messages that the server streams: how long after a call's intended send the first came, and how far apart the others
// came. Messages that go to a server: that they left.
//
// Memory: two histograms, however many messages. Thread: one; give each its own and Add them up in the end.

#ifndef MEANWHILE_LOADTEST_MEASURE_STREAM_MEASUREMENT_H_
#define MEANWHILE_LOADTEST_MEASURE_STREAM_MEASUREMENT_H_

#include <cstdint>

#include "loadtest/measure/histogram.h"

namespace meanwhile {

struct StreamMeasurement {
  void Add(const StreamMeasurement& other) {
    times_to_first.Add(other.times_to_first);
    times_between.Add(other.times_between);
    received += other.received;
    sent += other.sent;
  }

  // From the intended send of the call to the first message of the server's.
  Histogram times_to_first;
  // From one message of the server's to the next of the same call.
  Histogram times_between;
  // Messages that came from methods that stream from the server, and that went to those that stream to it.
  uint64_t received = 0;
  uint64_t sent = 0;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASURE_STREAM_MEASUREMENT_H_
