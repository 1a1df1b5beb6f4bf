#include "server/backend/simulated/latency_trace.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/backend/simulated/backend_draws.h"
#include "server/backend/simulated/backend_spec.h"

namespace meanwhile {
namespace {

// The name of a file with this content.
std::string Written(const std::string& name, const std::string& content) {
  const std::string file = testing::TempDir() + "/" + name;
  std::ofstream(file) << content;
  return file;
}

BackendSpec Parsed(const std::string& text) {
  const absl::StatusOr<BackendSpec> spec = ParseBackendSpec(text);
  EXPECT_TRUE(spec.ok()) << spec.status();
  return *spec;
}

std::vector<absl::Duration> FirstLatencies(BackendDraws draws, int count) {
  std::vector<absl::Duration> latencies;
  for (int i = 0; i < count; ++i) latencies.push_back(draws.Next().latency);
  return latencies;
}

// 1ms, 2ms, 3ms, ...
std::string WrittenCount(int lines) {
  std::string content;
  for (int i = 1; i <= lines; ++i) absl::StrAppend(&content, i, "ms\n");
  return Written(absl::StrCat("count_to_", lines), content);
}

std::string BlankLines(std::size_t lines) {
  std::string content;
  content.resize(lines, '\n');
  return content;
}

TEST(LatencyTraceTest, ReadsALatencyALineAndSkipsCommentsAndBlankLines) {
  const auto trace = LatencyTrace::Read(Written("mixed", "# a comment\n\n12.5ms\r\n  \n 1h \n#1s\n0"));
  ASSERT_TRUE(trace.ok()) << trace.status();
  ASSERT_EQ((*trace)->size(), 3u);
  EXPECT_EQ((*trace)->at(0), absl::Microseconds(12'500));
  EXPECT_EQ((*trace)->at(1), absl::Hours(1));
  EXPECT_EQ((*trace)->at(2), absl::ZeroDuration());
}

TEST(LatencyTraceTest, SaysWhichLineOfWhichFileIsWrongAndHow) {
  const struct {
    std::string content;
    std::string problem;
  } kCases[] = {
      {"", "has no latency"},
      {"\n# nothing\n", "has no latency"},
      {"1ms\n12\n", "line 2: 12: must be a time such as 50ms or 1.5s"},
      {"\n#\nfast\n", "line 3: fast: must be a time such as 50ms or 1.5s"},
      {"\x01ms\n", "line 1: \\001ms: must be a time such as 50ms or 1.5s"},
      {"1ms 2ms\n", "line 1: 1ms 2ms: must be a time such as 50ms or 1.5s"},
      {"-1ms\n", "line 1: -1ms: must be from 0 to 1h"},
      {"1ms\n61m\n", "line 2: 61m: must be from 0 to 1h"},
      {"inf\n", "line 1: inf: must be from 0 to 1h"},
      {"#" + std::string(255, 'x') + "\n#" + std::string(256, 'x') + "\n1ms", "line 2: longer than 256 characters"},
      {BlankLines(10'000'001), "has over 10000000 lines"},
  };
  for (const auto& [content, problem] : kCases) {
    const std::string file = Written("wrong", content);
    const absl::Status status = LatencyTrace::Read(file).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << problem;
    EXPECT_EQ(status.message(), absl::StrCat(file, ": ", problem));
  }
}

TEST(LatencyTraceTest, SaysWhyAFileCannotBeRead) {
  const std::string missing = testing::TempDir() + "/missing";
  EXPECT_EQ(LatencyTrace::Read(missing).status().message(), missing + ": No such file or directory");
  EXPECT_EQ(LatencyTrace::Read(testing::TempDir()).status().message(), testing::TempDir() + ": Is a directory");
}

TEST(LatencyTraceTest, KnowsItsMeanAndQuantiles) {
  const BackendSpec spec = Parsed("trace:" + WrittenCount(100));
  EXPECT_EQ(spec.latency.Mean(), absl::Microseconds(50'500));
  EXPECT_EQ(spec.latency.Quantile(0.001), absl::Milliseconds(1));
  EXPECT_EQ(spec.latency.Quantile(0.07), absl::Milliseconds(7));
  EXPECT_EQ(spec.latency.Quantile(0.5), absl::Milliseconds(50));
  EXPECT_EQ(spec.latency.Quantile(0.505), absl::Milliseconds(51));
  EXPECT_EQ(spec.latency.Quantile(0.9999), absl::Milliseconds(100));
}

TEST(LatencyTraceTest, IsEqualToItselfReadAgainUnlessTheFileChanged) {
  const std::string file = Written("changing", "1ms\n2ms\n");
  const BackendSpec first = Parsed("trace:" + file + ",fail=0.5,seed=7");
  EXPECT_EQ(Parsed(ToString(first)), first);
  EXPECT_EQ(ToString(first), "trace:" + file + ",fail=0.5:UNAVAILABLE,seed=7");
  Written("changing", "1ms\n3ms\n");
  EXPECT_FALSE(Parsed(ToString(first)) == first);
}

TEST(LatencyTraceTest, IsReplayedInOrderRoundAndRound) {
  const std::vector<absl::Duration> latencies =
      FirstLatencies(BackendDraws(Parsed("trace:" + WrittenCount(100)), 0), 250);
  for (std::size_t i = 1; i < latencies.size(); ++i) {
    const absl::Duration after = latencies[i - 1] % absl::Milliseconds(100) + absl::Milliseconds(1);
    ASSERT_EQ(latencies[i], after) << i;
  }
  EXPECT_EQ(std::set<absl::Duration>(latencies.begin(), latencies.end()).size(), 100u);
}

TEST(LatencyTraceTest, BeginsWhereSeedAndStreamSay) {
  const BackendSpec seeded = Parsed("trace:" + WrittenCount(10'000) + ",seed=7");
  EXPECT_EQ(FirstLatencies(BackendDraws(seeded, 3), 10), FirstLatencies(BackendDraws(seeded, 3), 10));
  std::set<absl::Duration> begins;
  for (int stream = 0; stream < 10; ++stream) begins.insert(BackendDraws(seeded, stream).Next().latency);
  EXPECT_GT(begins.size(), 5u) << "streams begin at the same place";
}

TEST(LatencyTraceTest, AFailureRateDoesNotChangeIt) {
  const std::string spec = "trace:" + WrittenCount(100) + ",seed=7";
  BackendDraws draws(Parsed(spec + ",fail=0.5:ABORTED"), 0);
  std::vector<absl::Duration> latencies;
  int failures = 0;
  for (int i = 0; i < 100; ++i) {
    const BackendDraw draw = draws.Next();
    latencies.push_back(draw.latency);
    if (draw.status == absl::StatusCode::kAborted) ++failures;
  }
  EXPECT_EQ(latencies, FirstLatencies(BackendDraws(Parsed(spec), 0), 100));
  EXPECT_GT(failures, 10);
  EXPECT_LT(failures, 90);
}

TEST(LatencyTraceTest, RequestedWaitsDoNotMoveIt) {
  BackendDraws draws(Parsed("trace:" + WrittenCount(100)), 0);
  const absl::Duration first = draws.Next().latency;
  EXPECT_EQ(draws.Next(Parsed("constant:7s")).latency, absl::Seconds(7));
  EXPECT_EQ(draws.Next().latency, first % absl::Milliseconds(100) + absl::Milliseconds(1));
}

TEST(LatencyTraceTest, ARequestMayNotNameOne) {
  // The same answer whether or not there is such a file: else a client could look for files.
  for (const std::string& file : {WrittenCount(2), std::string("missing"), std::string()}) {
    const std::string text = "trace:" + file;
    EXPECT_EQ(ParseRequestedSpec(text).status().message(),
              text + ": trace: belongs to the backend of the server, not to a request");
  }
  EXPECT_EQ(ParseRequestedSpec("trace").status().message(),
            "trace: belongs to the backend of the server, not to a request");
  EXPECT_FALSE(ParseRequestedSpec("trace,seed=1").ok());
}

TEST(LatencyTraceTest, ItsErrorIsPartOfTheSpecs) {
  EXPECT_EQ(ParseBackendSpec("trace:/missing").status().message(),
            "trace:/missing: /missing: No such file or directory");
  EXPECT_EQ(ParseBackendSpec("trace").status().message(), "trace: needs FILE");
  EXPECT_EQ(ParseBackendSpec("trace:a,b").status().message(), "trace:a,b: needs FILE");
  EXPECT_EQ(ParseBackendSpec("trace:").status().message(), "trace:: : No such file or directory");
}

}  // namespace
}  // namespace meanwhile
