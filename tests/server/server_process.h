// ServerProcess: the real `server` binary, on a free port of the loopback.
//
// Thread and lifetime: as Process. A test that uses it has `data = ["//server"]`.

#ifndef MEANWHILE_TESTS_SERVER_SERVER_PROCESS_H_
#define MEANWHILE_TESTS_SERVER_SERVER_PROCESS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "meanwhile/v1/admin.pb.h"
#include "tests/process.h"

namespace meanwhile {

class ServerProcess : public Process {
 public:
  // Returns when it serves; the test fails when it does not. `launcher` is a program, with its arguments, that starts
  // the server in its own place, such as prlimit.
  explicit ServerProcess(const std::vector<std::string>& flags, const std::vector<std::string>& launcher = {});

  // Where it serves.
  const std::string& target() const { return target_; }
  // What it said when it began to.
  const std::string& first_line() const { return first_line_; }

  // What it says of itself, over a connection for this question alone.
  v1::GetServerStatsResponse Stats() const;
  // Waits until so many calls are in flight.
  bool HasInFlight(std::uint64_t calls) const;

 private:
  std::string first_line_;
  std::string target_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_SERVER_SERVER_PROCESS_H_
