#include "tests/loadtest/bad_flags.h"

#include <gtest/gtest.h>

#include <fstream>
#include <ios>
#include <string>

#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

// Nothing is asked of a server when the schema is in a file.
std::string Check(const std::string& flags) {
  return absl::StrCat(
      "--call=grpc.health.v1.Health/Check --proto=grpc/health/v1/health.proto -I /usr/share/grpc-proto ", flags);
}

}  // namespace

std::vector<UsageCase> BadCallFlags() {
  const std::string junk = testing::TempDir() + "junk";
  std::ofstream(junk, std::ios::binary) << "\xff\xff";
  const std::string empty = testing::TempDir() + "empty";
  std::ofstream(empty, std::ios::binary);
  return {
      // The method and its schema.
      {"--call=a", "--call=a: must be a method such as grpc.health.v1.Health/Check: SERVICE/METHOD"},
      {"--call=Check", "--call=Check: must be a method such as grpc.health.v1.Health/Check"},
      {Check("--call=a.B/C"), "--call: At Most 1 required but received 2\n"},
      {"--proto=x", "--proto=x: needs --call"},
      {"-I /", "--proto-path=/: needs --proto"},
      {"--protoset=x", "--protoset=x: needs --call"},
      {"--call=a.B/C -I .", "--proto-path=.: needs --proto\n"},
      {"--call=a.B/C --proto=x --protoset=y", "--protoset=y: cannot be given together with --proto\n"},
      {"--call=a.B/C --proto=/nowhere.proto", "--proto: /nowhere.proto: File not found.\n"},
      {"--call=a.B/C --proto=/", "--proto=/: Is a directory\n"},
      {"--call=a.B/C --proto=a.proto -I /nowhere", "--proto-path=/nowhere: there is no such directory\n"},
      {"--call=a.B/C --protoset=/nowhere", "--protoset=/nowhere: No such file or directory\n"},
      {"--call=a.B/C --protoset=" + junk, "--protoset=" + junk + ": is no FileDescriptorSet"},
      // What is sent.
      {"-d {}", "--data={}: needs --call\n"},
      {"-D x", "--data-file=x: needs --call"},
      {"--binary-file=x", "--binary-file=x: needs --call"},
      {"--pick=random", "--pick=random: needs --call"},
      {"--seed=1", "--seed=1: needs --call or --arrival=poisson\n"},
      {"--call=a.B/C -d {} -D x", "--data-file=x: cannot be given together with --data\n"},
      {"--call=a.B/C -d {} --binary-file=x", "--binary-file=x: cannot be given together with --data"},
      {"--call=a.B/C --payload-size=5", "--payload-size=5: cannot be given together with --call"},
      {"--payload-size=1048577", "--payload-size=1048577: must be from 0 to 1048576\n"},
      {"--payload-size=-1", "--payload-size=-1: must be from 0 to 1048576"},
      {"--call=a.B/C --pick=some", "--pick=some: must be round-robin or random\n"},
      {"--call=a.B/C --seed=-1", "--seed=-1: must be from 0 to 18446744073709551615\n"},
      {Check("-d {"), "--data: line 1: a } is missing\n"},
      {Check("-d {]"), "--data: "},
      {Check("--data={\"name\":1}"), "--data: entry 1, line 1: is no grpc.health.v1.HealthCheckRequest: "},
      {Check("-d {\"servce\":1}"), "--data: entry 1, line 1: is no grpc.health.v1.HealthCheckRequest: "},
      {Check("-D /nowhere"), "--data-file=/nowhere: No such file or directory\n"},
      {Check("-D " + empty), "--data-file=" + empty + ": there is no message in it\n"},
      {Check("--binary-file=/nowhere"), "--binary-file=/nowhere: No such file or directory\n"},
      {Check("--binary-file=" + junk), "--binary-file=" + junk + ": is no encoded grpc.health.v1.HealthCheckRequest\n"},
      // How.
      {"-m x", "--metadata=x: must be key:value\n"},
      {"--metadata=novalue", "--metadata=novalue: must be key:value\n"},
      {"--metadata=a/b:c", "--metadata=a/b:c: the key must be of letters, digits, '-', '_' and '.'\n"},
      {"--metadata=:path:/", "--metadata=:path:/: the key must be"},
      {"--metadata=grpc-timeout:1S", "--metadata=grpc-timeout:1S: the key is gRPC's or HTTP's own\n"},
      {"-m grpc-x:y", "--metadata=grpc-x:y: the key is gRPC's or HTTP's own"},
      {"--metadata=te:trailers", "--metadata=te:trailers: the key is gRPC's or HTTP's own\n"},
      {"--metadata=a-bin:%%%", "--metadata=a-bin:%%%: the value of a key in -bin must be base64\n"},
      {"--metadata=a:caf\xc3\xa9", "--metadata=a:caf\xc3\xa9: the value must be printable ASCII\n"},
      {"--gzip=maybe", "Could not convert: --gzip = maybe"},
      {"--wait-for-ready=maybe", "Could not convert: --wait-for-ready = maybe"},
      {"--stream-messages=0", "--stream-messages=0: must be from 1 to 1000000000\n"},
      {"--stream-interval=0s", "--stream-interval=0s: must be from 1us to 1h\n"},
      {Check("--stream-messages=5"), "--stream-messages=5: needs a method that streams from the client"},
      {Check("--stream-interval=5ms"), "--stream-interval=5ms: needs a method that streams from the client\n"},
      // What must come back.
      {"--expect-status=FINE", "--expect-status=FINE: must be a status such as OK or NOT_FOUND"},
      {"--expect-json=a=b", "--expect-json=a=b: needs --call\n"},
      {Check("--expect-json=status"), "--expect-json=status: must be PATH=VALUE"},
      {Check("--expect-json=state=1"), "--expect-json=state=1: grpc.health.v1.HealthCheckResponse has no field state"},
      {Check("--expect-json=status=UP"), "--expect-json=status=UP: UP is no grpc.health.v1.HealthCheckResponse."},
  };
}

std::vector<UsageCase> BadCredentialFlags() {
  return {
      {"--cacert=/nowhere", "--cacert: /nowhere: No such file or directory\n"},
      {"--cert=/nowhere", "--cert: needs --key\n"},
      {"--cert=/nowhere --key=/nowhere", "--cert: /nowhere: No such file or directory\n"},
      {"--key=/nowhere", "--key: needs --cert\n"},
      {"--authority=a/b", "--authority=a/b: must be HOST or HOST:PORT\n"},
      {"--tls --insecure", "--insecure: cannot stand beside --tls, --cacert or --cert\n"},
  };
}

std::vector<UsageCase> BadOutputFlags() {
  return {
      {"--json=/no/such/directory/x", "--json=/no/such/directory/x: must be a file in a directory that exists\n"},
      {"--csv=/", "--csv=/: must be a file in a directory that exists\n"},
      {"--html=", "--html: 1 required FILE missing\n"},
  };
}

std::vector<UsageCase> Together(const std::vector<std::vector<UsageCase>>& tables) {
  std::vector<UsageCase> all;
  for (const std::vector<UsageCase>& table : tables) all.insert(all.end(), table.begin(), table.end());
  return all;
}

}  // namespace meanwhile
