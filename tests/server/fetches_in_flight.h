// FetchesInFlight: many calls of Fetch at once, made by gRPC's own client, so that the server is tested without our
// loops on the other side.
//
// Thread: a test's. The destructor cancels what has not ended and waits for it.

#ifndef MEANWHILE_TESTS_SERVER_FETCHES_IN_FLIGHT_H_
#define MEANWHILE_TESTS_SERVER_FETCHES_IN_FLIGHT_H_

#include <grpcpp/support/status.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "tests/wait_until.h"

namespace meanwhile {

struct FetchOptions {
  std::size_t connections = 1;
  absl::Duration timeout = absl::InfiniteDuration();
  std::size_t payload_size = 0;
};

// How many calls ended with each status.
using Counts = std::map<grpc::StatusCode, std::size_t>;
std::size_t Sum(const Counts& counts);

class FetchesInFlight {
 public:
  // Starts `count` calls that wait for `wait`, each on the server.
  FetchesInFlight(const std::string& target, std::size_t count, absl::Duration wait, const FetchOptions& options = {});
  ~FetchesInFlight();

  void Cancel();

  // Waits for the calls' ends: how many ended with each status. Fewer than there are calls when patience ends first.
  Counts Ended(absl::Duration patience = kPatience);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_SERVER_FETCHES_IN_FLIGHT_H_
