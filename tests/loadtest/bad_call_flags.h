// Flags of calls that each command that takes them must refuse, before it sends anything: bad values, and flags that
// make no sense together. Of a service whose schema `--proto` has.

#ifndef MEANWHILE_TESTS_LOADTEST_BAD_CALL_FLAGS_H_
#define MEANWHILE_TESTS_LOADTEST_BAD_CALL_FLAGS_H_

namespace meanwhile {

struct BadCallFlags {
  // Words apart by spaces.
  const char* flags;
  // What stands in the error.
  const char* message;
};

#define CHECK_CALL "--call=grpc.health.v1.Health/Check --proto=grpc/health/v1/health.proto -I /usr/share/grpc-proto "

inline constexpr BadCallFlags kBadCallFlags[] = {
    {"--call=a", "--call=a: must be a method such as grpc.health.v1.Health/Check: SERVICE/METHOD"},
    {"-d {}", "--data={}: needs --call"},
    {"-D x", "--data-file=x: needs --call"},
    {"--binary-file=x", "--binary-file=x: needs --call"},
    {"--pick=random", "--pick=random: needs --call"},
    {"--seed=1", "--seed=1: needs --call"},
    {"--proto=x", "--proto=x: needs --call"},
    {"-I /", "--proto-path=/: needs --proto"},
    {"--protoset=x", "--protoset=x: needs --call"},
    {"--expect-json=a=b", "--expect-json=a=b: needs --call"},
    {"--call=a.B/C --proto=x --protoset=x", "--protoset=x: cannot be given together with --proto"},
    {"--call=a.B/C -d {} -D x", "--data-file=x: cannot be given together with --data"},
    {"--call=a.B/C -d {} --binary-file=x", "--binary-file=x: cannot be given together with --data"},
    {"--call=a.B/C --payload-size=5", "--payload-size=5: cannot be given together with --call"},
    {"--call=a.B/C --pick=some", "--pick=some: must be round-robin or random"},
    {"--call=a.B/C --seed=-1", "--seed=-1: must be from 0 to 18446744073709551615"},
    {CHECK_CALL "-d {]", "--data: "},
    {CHECK_CALL "-d {\"servce\":1}", "--data: entry 1, line 1: is no grpc.health.v1.HealthCheckRequest: "},
    {CHECK_CALL "-D /nowhere/x", "--data-file=/nowhere/x: No such file or directory"},
    {CHECK_CALL "--binary-file=/nowhere/x", "--binary-file=/nowhere/x: No such file or directory"},
    {CHECK_CALL "--expect-json=state=1", "--expect-json=state=1: "},
    {CHECK_CALL "--stream-messages=5", "--stream-messages=5: needs a method that streams from the client"},
    {CHECK_CALL "--stream-interval=5ms", "--stream-interval=5ms: needs a method that streams from the client"},
    {"--expect-status=FINE", "--expect-status=FINE: must be a status such as OK or NOT_FOUND"},
    {"--stream-messages=0", "--stream-messages=0: must be from 1 to 1000000000"},
    {"--stream-interval=0s", "--stream-interval=0s: must be from 1us to 1h"},
    {"-m x", "--metadata=x: must be key:value"},
    {"-m grpc-x:y", "--metadata=grpc-x:y: the key is gRPC's or HTTP's own"},
    {"--gzip=maybe", "maybe"},
    {"--wait-for-ready=maybe", "maybe"},
};

#undef CHECK_CALL

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_LOADTEST_BAD_CALL_FLAGS_H_
