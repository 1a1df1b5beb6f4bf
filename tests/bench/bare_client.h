// RunBareClient: a closed loop of Fetch calls as one writes it by hand on gRPC's completion queue: a typed stub, a slot
// for each call in flight, a thread for each queue. It keeps no histogram, judges nothing and knows no schedule. The
// yardstick for what //async and the load tester add to gRPC's client.
//
// Blocks until all is over. Thread: one at a time.

#ifndef MEANWHILE_TESTS_BENCH_BARE_CLIENT_H_
#define MEANWHILE_TESTS_BENCH_BARE_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "meanwhile/v1/meanwhile.pb.h"

namespace meanwhile {

struct BareClientOptions {
  // `HOST:PORT`, plaintext.
  std::string target;
  // Each a socket of its own.
  std::size_t connections = 1;
  std::size_t in_flight = 1;
  // Completion queues, each with its thread and its share of the calls.
  std::size_t loops = 1;
  v1::FetchRequest request;
  // Of each call.
  absl::Duration timeout;
  absl::Duration warmup;
  absl::Duration duration;
};

struct BareClientResult {
  // That ended in the measured time, with any status.
  std::uint64_t calls = 0;
  // From the first call on.
  std::uint64_t failed = 0;
  absl::Duration elapsed;
  // Of this process, in the measured time.
  absl::Duration processor_time;
};

BareClientResult RunBareClient(const BareClientOptions& options);

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_BENCH_BARE_CLIENT_H_
