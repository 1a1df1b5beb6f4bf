// `loadtest compare --before --after`: files of earlier runs in; stdout, stderr, files and the exit code out.

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "meanwhile/v1/report.pb.h"
#include "tests/client/test_server.h"
#include "tests/loadtest/compare/compare_line.h"
#include "tests/process.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;

TEST(CompareEarlierRunsTest, EarlierRunsAreComparedFromTheirFiles) {
  TestServer server;
  const std::string a = TempPath("a.json"), b = TempPath("b.json"), other = TempPath("other.json");
  const auto run = [&server](const std::string& more) {
    std::vector<std::string> line = {"loadtest/loadtest", "run", server.target(), "--warmup=0s"};
    for (const absl::string_view word : absl::StrSplit(more, ' ')) line.emplace_back(word);
    RunProcess(line);
  };
  run("-c 5 -n 100 --json=" + a);
  run("-c 5 -n 100 --json=" + b);
  run("-c 6 -n 100 --json=" + other);

  const std::string json = TempPath("earlier.json"), csv = TempPath("earlier.csv"), html = TempPath("earlier.html");
  const auto compare = [](const std::vector<std::string>& arguments) {
    std::vector<std::string> line = {"loadtest/loadtest", "compare"};
    line.insert(line.end(), arguments.begin(), arguments.end());
    return RunProcess(line);
  };
  Outcome outcome = compare(
      {"--before=" + a + "," + b, "--after", b, "--after", a, "--json=" + json, "--csv=" + csv, "--html=" + html});
  EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 106) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("before: " + a + ", " + b));
  const auto report = FromJson<v1::ComparisonReport>(ReadFile(json));
  EXPECT_EQ(report.rounds_size(), 4);
  EXPECT_DOUBLE_EQ(report.comparisons(0).throughput_ratio().median(), 1) << "the same files on both sides";
  EXPECT_THAT(report.comparisons(0).sentence(), HasSubstr("no difference that these runs can show"));
  EXPECT_THAT(ReadFile(csv), HasSubstr("\r\nround,before,5,"));
  EXPECT_THAT(ReadFile(html), HasSubstr("beforeFiles"));

  outcome = compare({"--before=" + a, "--after=" + b});
  EXPECT_THAT(outcome.out, HasSubstr("With a single run on a side there is no interval"));

  outcome = compare({"--before=" + a, "--after=" + other});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "loadtest: " + other + " cannot be compared with " + a +
                             ": load is 6 in flight in the one and 5 in flight in the other\n");

  outcome = compare({"--before=" + a});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.err, "loadtest: --before needs --after\n");
  outcome = compare({"--before=" + a, "--after=" + b, "--rounds=3"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.err, "loadtest: --rounds=3: cannot be given together with --before and --after\n");
}

TEST(CompareEarlierRunsTest, AReportThatCannotBePrintedIsAnErrorAndIsWrittenToItsFiles) {
  TestServer server;
  const std::string run = TempPath("run.json"), json = TempPath("compared.json");
  RunProcess({"loadtest/loadtest", "run", server.target(), "-c1", "-n10", "--json=" + run});
  const Outcome outcome =
      RunProcess({"sh", "-c", "exec loadtest/loadtest compare --before=\"$0\" --after=\"$0\" --json=\"$1\" >/dev/full",
                  run, json});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "loadtest: cannot write to stdout: No space left on device\n");
  EXPECT_EQ(FromJson<v1::ComparisonReport>(ReadFile(json)).rounds_size(), 2);
}

// Runs `loadtest run` with that file as its configuration, and gives its report's path.
std::string RunOf(const std::string& name, const TestServer& server, const std::string& calls) {
  const std::string config = TempPath(name + ".yaml"), json = TempPath(name + ".json");
  std::ofstream(config) << "target: " << server.target()
                        << "\nwarmup: 0s\ntotal: 60\nconcurrency: 3\nprotoset: " << TempPath("shop.protoset")
                        << "\njson: " << json << "\n"
                        << calls;
  const Outcome outcome = RunProcess({"loadtest/loadtest", "run", "--config", config});
  EXPECT_THAT(outcome.exit_code, testing::AnyOf(0, 106)) << outcome.err;
  return json;
}

// The schema of our own service, as anybody's.
void WriteProtoset() {
  google::protobuf::FileDescriptorSet files;
  for (const auto* file :
       {v1::FetchRequest::descriptor()->file()->dependency(0), v1::FetchRequest::descriptor()->file()}) {
    file->CopyTo(files.add_file());
  }
  std::ofstream(TempPath("shop.protoset")) << files.SerializeAsString();
}

TEST(CompareEarlierRunsTest, RunsOfAnyServiceAreComparedIfTheirCallsAreTheSame) {
  TestServer server;
  WriteProtoset();
  const std::string call = "call: meanwhile.v1.Meanwhile/Fetch\n";
  const std::string mix =
      "mix: [{call: meanwhile.v1.Meanwhile/Fetch, data: {payload: aGVs}}, "
      "{call: meanwhile.v1.Meanwhile/Compute, weight: ";
  const std::string first = RunOf("first", server, call + "data: '{\"payload\": \"aGVs\"}'\n");
  const std::string same = RunOf("same", server, call + "data: '{\"payload\": \"aGVs\"}'\nseed: 5\n");
  const std::string other = RunOf("other", server, call + "data: '{\"payload\": \"bG8=\"}'\n");
  const std::string mixed = RunOf("mixed", server, mix + "1}]\n");
  const std::string same_mix = RunOf("same_mix", server, mix + "1}]\n");
  const std::string other_mix = RunOf("other_mix", server, mix + "2}]\n");
  const auto compare = [](const std::string& before, const std::string& after) {
    return RunProcess({"loadtest/loadtest", "compare", "--before", before, "--after", after});
  };

  Outcome outcome = compare(first, same);
  EXPECT_THAT(outcome.out, HasSubstr("meanwhile.v1.Meanwhile/Fetch")) << outcome.err;
  outcome = compare(mixed, same_mix);
  EXPECT_THAT(outcome.out, HasSubstr("meanwhile.v1.Meanwhile/Compute")) << outcome.err;
  outcome = compare(first, other);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr(R"(data is {"payload": "bG8="} in the one and {"payload": "aGVs"} in the other)"));
  outcome = compare(first, mixed);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("cannot be compared"));
  outcome = compare(mixed, other_mix);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("Compute, weight 2 in the one"));
}

}  // namespace
}  // namespace meanwhile
