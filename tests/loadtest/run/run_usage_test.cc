// Command lines of `loadtest run` that make no sense: each names the flag and what it must be, and nothing is called.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/loadtest/bad_flags.h"
#include "tests/usage_errors.h"

namespace meanwhile {
namespace {

const std::vector<std::string> kRun = {"loadtest/loadtest", "run"};
const std::vector<std::string> kRunOfATarget = {"loadtest/loadtest", "run", "localhost:1"};

// A value of each flag that cannot be.
std::vector<UsageCase> BadValues() {
  const std::vector<UsageCase> of_run = {
      {"--connections=0", "--connections=0: must be from 1 to 10000\n"},
      {"--loops=257", "--loops=257: must be from 1 to 256\n"},
      {"--engine=http3", "--engine=http3: must be http2 or grpc\n"},
      {"-c 100001", "--concurrency=100001: must be from 1 to 100000\n"},
      {"-c=0", "--concurrency=0: must be from 1 to 100000\n"},
      {"-c 1 -c 2", "--concurrency: At Most 1 required but received 2\n"},
      {"--think-time=2h", "--think-time=2h: must be from 0 to 1h\n"},
      {"-r 0", "--rps=0: must be a number of calls a second from 0.001 to 10000000\n"},
      {"-r nan", "--rps=nan: must be a number of calls a second from 0.001 to 10000000\n"},
      {"--load=saw", "--load=saw: must be ramp:RATE..RATE/TIME, step:"},
      {"-r 5 --arrival=often", "--arrival=often: must be constant, poisson or burst:N with N from 1 to 1000000\n"},
      {"-r 5 --max-in-flight=0", "--max-in-flight=0: must be from 1 to 100000\n"},
      {"--max-dispatch-delay=0s", "--max-dispatch-delay=0s: must be from 1us to 1h\n"},
      {"-z 0s", "--duration=0s: must be from 1ms to 24h\n"},
      {"-z 10", "--duration=10: must be a duration such as 50ms, 1.5s or 2m\n"},
      {"-n 1e6", "--total=1e6: must be from 1 to 1000000000000\n"},
      {"--warmup=-1s", "--warmup=-1s: must be from 0 to 1h\n"},
      {"--timeout=2h", "--timeout=2h: must be from 1ms to 1h\n"},
      {"--wait=50ms", "--wait=50ms: must be simulated:SPEC"},
      {"--threshold=p99", "--threshold=p99: must be a metric (p99 or any other percentile"},
      {"--abort-when=p99>1s", "--abort-when=p99>1s: must be errors>N, errors>N% or one of these with >=\n"},
      {"--hlog=/no/such/directory/x", "--hlog=/no/such/directory/x: must be a file in a directory that exists\n"},
      {"--metrics=9464", "--metrics=9464: must be HOST:PORT or :PORT\n"},
  };
  return Together({of_run, BadCallFlags(), BadCredentialFlags(), BadOutputFlags()});
}

TEST(RunUsageTest, ABadValueIsRefusedWithTheFlagAndTheBound) { ExpectUsageErrors(kRunOfATarget, BadValues()); }

TEST(RunUsageTest, EachFlagWithAValueIsAmongThem) {
  // What the file of --config may hold is in config_main_test.cc.
  EXPECT_THAT(FlagsWithoutCase(kRun, BadValues()), testing::ElementsAre("--config"));
}

TEST(RunUsageTest, TheTargetMustBeOne) {
  ExpectUsageErrors(kRun, {
                              {"", "TARGET is required"},
                              {"localhost", "target localhost: must be HOST:PORT or unix:PATH\n"},
                              {"localhost:1,localhost", "target localhost: must be HOST:PORT or unix:PATH\n"},
                              {"localhost:1,", "target : must be HOST:PORT or unix:PATH\n"},
                              {"localhost:1 localhost", "target localhost: must be HOST:PORT or unix:PATH\n"},
                              {"localhost:1 -c 5 6", "target 6: must be HOST:PORT or unix:PATH\n"},
                          });
}

TEST(RunUsageTest, FlagsMustMakeSenseTogether) {
  ExpectUsageErrors(
      kRunOfATarget,
      {
          {"-c 10 -n 5", "--concurrency=10: must be at most --total, which is 5\n"},
          {"-r 5 --load=ramp:1..2/1s", "--load=ramp:1..2/1s: cannot be given together with --rps\n"},
          {"-r 5 -c 3", "--concurrency=3: cannot be given together with --rps or --load\n"},
          {"-r 5 --think-time=1s", "--think-time=1s: cannot be given together with --rps or --load\n"},
          {"--arrival=poisson", "--arrival=poisson: needs --rps or --load\n"},
          {"--max-in-flight=5", "--max-in-flight=5: needs --rps or --load\n"},
          {"--call=a.B/C --wait=simulated:1ms", "--wait=simulated:1ms: cannot be given together with --call"},
          {"--stream-messages=5", "--stream-messages=5: needs a method that streams from the client\n"},
          {"--modle=async", "The following argument was not expected: --modle=async\n"},
      });
}

}  // namespace
}  // namespace meanwhile
