// `loadtest compare --before --after`: files of earlier runs in; stdout, stderr, files and the exit code out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "meanwhile/v1/report.pb.h"
#include "tests/client/test_server.h"
#include "tests/loadtest/compare_line.h"
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

}  // namespace
}  // namespace meanwhile
