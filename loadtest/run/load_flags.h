// LoadFlags: the flags that say when calls are sent, by callers or by a schedule, and for how long.
//
// Thread: the one that parses.

#ifndef MEANWHILE_LOADTEST_RUN_LOAD_FLAGS_H_
#define MEANWHILE_LOADTEST_RUN_LOAD_FLAGS_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "loadtest/load/load_run.h"
#include "loadtest/load/schedule.h"

namespace meanwhile {

class LoadFlags {
 public:
  // Adds the flags. Both outlive the parsing.
  void Add(CLI::App& app, LoadOptions* load);

  // After the parsing: fills what follows from several flags. Throws UsageError where they make no sense together.
  void Finish(LoadOptions* load) const;

  // `1,000 callers`, `500 calls/s, poisson arrivals`, `ramp:100..5000/60s`.
  std::string Description(const LoadOptions& load) const;

 private:
  void AddClosedLoop(CLI::App& app, LoadOptions* load);
  void AddOpenLoop(CLI::App& app, LoadOptions* load);
  void AddLimits(CLI::App& app, LoadOptions* load);

  double rate_ = 0;
  std::string shape_text_;
  std::optional<LoadShape> shape_;
  Arrival arrival_;
  absl::Duration duration_ = absl::Seconds(10);
  CLI::Option* concurrency_option_ = nullptr;
  CLI::Option* think_time_option_ = nullptr;
  CLI::Option* rate_option_ = nullptr;
  CLI::Option* shape_option_ = nullptr;
  CLI::Option* arrival_option_ = nullptr;
  CLI::Option* max_in_flight_option_ = nullptr;
  CLI::Option* max_delay_option_ = nullptr;
  CLI::Option* duration_option_ = nullptr;
  CLI::Option* warmup_option_ = nullptr;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_RUN_LOAD_FLAGS_H_
