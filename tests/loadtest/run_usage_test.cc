// Command lines of `loadtest run` that make no sense: each names the flag and what it must be, and nothing is called.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/usage_errors.h"

namespace meanwhile {
namespace {

const std::vector<std::string> kRun = {"loadtest/loadtest", "run"};
const std::vector<std::string> kRunOfATarget = {"loadtest/loadtest", "run", "localhost:1"};

// Nothing is asked of a server when the schema is in a file.
constexpr char kCheck[] =
    "--call=grpc.health.v1.Health/Check --proto=grpc/health/v1/health.proto -I /usr/share/grpc-proto ";

// A value of each flag that cannot be.
std::vector<UsageCase> BadValues() {
  const std::string junk = testing::TempDir() + "junk";
  std::ofstream(junk, std::ios::binary) << "\xff\xff";
  const std::string empty = testing::TempDir() + "empty";
  std::ofstream(empty, std::ios::binary);
  const auto check = [](const std::string& flag) { return absl::StrCat(kCheck, flag); };
  return {
      // The load.
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
      {"--payload-size=1048577", "--payload-size=1048577: must be from 0 to 1048576\n"},
      {"--timeout=2h", "--timeout=2h: must be from 1ms to 1h\n"},
      {"--wait=50ms", "--wait=50ms: must be simulated:SPEC"},
      // What is called, and what is sent.
      {"--call=Check", "--call=Check: must be a method such as grpc.health.v1.Health/Check"},
      {check("--call=a.B/C"), "--call: At Most 1 required but received 2\n"},
      {"--call=a.B/C --proto=/nowhere.proto", "--proto: /nowhere.proto: File not found.\n"},
      {"--call=a.B/C --proto=/", "--proto=/: Is a directory\n"},
      {"--call=a.B/C --proto=a.proto -I /nowhere", "--proto-path=/nowhere: there is no such directory\n"},
      {"--call=a.B/C --protoset=/nowhere", "--protoset=/nowhere: No such file or directory\n"},
      {"--call=a.B/C --protoset=" + junk, "--protoset=" + junk + ": is no FileDescriptorSet"},
      {check("-d {"), "--data: line 1: a } is missing\n"},
      {check("--data={\"name\":1}"), "--data: entry 1, line 1: is no grpc.health.v1.HealthCheckRequest: "},
      {check("-D /nowhere"), "--data-file=/nowhere: No such file or directory\n"},
      {check("-D " + empty), "--data-file=" + empty + ": there is no message in it\n"},
      {check("--binary-file=/nowhere"), "--binary-file=/nowhere: No such file or directory\n"},
      {check("--binary-file=" + junk), "--binary-file=" + junk + ": is no encoded grpc.health.v1.HealthCheckRequest\n"},
      {check("--pick=some"), "--pick=some: must be round-robin or random\n"},
      {check("--seed=-1"), "--seed=-1: must be from 0 to 18446744073709551615\n"},
      {"--metadata=novalue", "--metadata=novalue: must be key:value\n"},
      {"--metadata=a/b:c", "--metadata=a/b:c: the key must be of letters, digits, '-', '_' and '.'\n"},
      {"--metadata=:path:/", "--metadata=:path:/: the key must be"},
      {"--metadata=grpc-timeout:1S", "--metadata=grpc-timeout:1S: the key is gRPC's or HTTP's own\n"},
      {"--metadata=te:trailers", "--metadata=te:trailers: the key is gRPC's or HTTP's own\n"},
      {"--metadata=a-bin:%%%", "--metadata=a-bin:%%%: the value of a key in -bin must be base64\n"},
      {"--metadata=a:caf\xc3\xa9", "--metadata=a:caf\xc3\xa9: the value must be printable ASCII\n"},
      {"--stream-messages=0", "--stream-messages=0: must be from 1 to 1000000000\n"},
      {"--stream-interval=0s", "--stream-interval=0s: must be from 1us to 1h\n"},
      // What must come back.
      {"--expect-status=FINE", "--expect-status=FINE: must be a status such as OK or NOT_FOUND"},
      {check("--expect-json=status"), "--expect-json=status: must be PATH=VALUE"},
      {check("--expect-json=state=1"), "--expect-json=state=1: grpc.health.v1.HealthCheckResponse has no field state"},
      {check("--expect-json=status=UP"), "--expect-json=status=UP: UP is no grpc.health.v1.HealthCheckResponse."},
      {"--threshold=p99", "--threshold=p99: must be a metric (p99 or any other percentile"},
      {"--abort-when=p99>1s", "--abort-when=p99>1s: must be errors>N, errors>N% or one of these with >=\n"},
      // How the server is spoken to.
      {"--cacert=/nowhere", "--cacert: /nowhere: No such file or directory\n"},
      {"--cert=/nowhere", "--cert: needs --key\n"},
      {"--cert=/nowhere --key=/nowhere", "--cert: /nowhere: No such file or directory\n"},
      {"--key=/nowhere", "--key: needs --cert\n"},
      {"--authority=a/b", "--authority=a/b: must be HOST or HOST:PORT\n"},
      // Where the results go.
      {"--json=/no/such/directory/x", "--json=/no/such/directory/x: must be a file in a directory that exists\n"},
      {"--csv=/", "--csv=/: must be a file in a directory that exists\n"},
      {"--html=", "--html: 1 required FILE missing\n"},
      {"--hlog=/no/such/directory/x", "--hlog=/no/such/directory/x: must be a file in a directory that exists\n"},
      {"--metrics=9464", "--metrics=9464: must be HOST:PORT or :PORT\n"},
  };
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
          {"--data={}", "--data={}: needs --call\n"},
          {"--expect-json=a=b", "--expect-json=a=b: needs --call\n"},
          {"--call=a.B/C --wait=simulated:1ms", "--wait=simulated:1ms: cannot be given together with --call"},
          {"--call=a.B/C --payload-size=3", "--payload-size=3: cannot be given together with --call"},
          {"--call=a.B/C -d {} -D lines", "--data-file=lines: cannot be given together with --data\n"},
          {"--call=a.B/C --proto=a --protoset=b", "--protoset=b: cannot be given together with --proto\n"},
          {"--call=a.B/C -I .", "--proto-path=.: needs --proto\n"},
          {"--stream-messages=5", "--stream-messages=5: needs a method that streams from the client\n"},
          {absl::StrCat(kCheck, "--stream-interval=5ms"),
           "--stream-interval=5ms: needs a method that streams from the client\n"},
          {"--tls --insecure", "--insecure: cannot stand beside --tls, --cacert or --cert\n"},
          {"--modle=async", "The following argument was not expected: --modle=async\n"},
      });
}

}  // namespace
}  // namespace meanwhile
