// Logs are read twice: by a decoder that follows the format's description and nothing of ours, and by the tool that
// comes with HdrHistogram.

#include "loadtest/measure/hdr_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "loadtest/measure/interval_log.h"
#include "tests/process.h"

namespace meanwhile {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;

// Reads big-endian integers and numbers of variable length.
class Reader {
 public:
  explicit Reader(std::string bytes) : bytes_(std::move(bytes)) {}
  bool at_end() const { return at_ >= bytes_.size(); }
  std::string rest() const { return bytes_.substr(at_); }
  uint64_t Integer(int size) {
    uint64_t value = 0;
    for (int i = 0; i < size; ++i) value = value << 8 | Byte();
    return value;
  }
  int64_t ZigZag() {
    uint64_t value = 0;
    for (int i = 0; i < 9; ++i) {
      const uint64_t byte = Byte();
      value |= (i < 8 ? byte & 0x7f : byte) << (7 * i);
      if (i == 8 || byte < 0x80) break;
    }
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }

 private:
  uint8_t Byte() { return at_ < bytes_.size() ? static_cast<uint8_t>(bytes_[at_++]) : 0; }
  std::string bytes_;
  std::size_t at_ = 0;
};

// The counts that base64 text stands for.
std::vector<uint64_t> Decode(const std::string& text) {
  std::string bytes;
  EXPECT_TRUE(absl::Base64Unescape(text, &bytes));
  Reader frame(bytes);
  EXPECT_EQ(frame.Integer(4), 0x1c849314u);
  const uint64_t compressed_size = frame.Integer(4);
  const std::string compressed = frame.rest();
  EXPECT_EQ(compressed_size, compressed.size());
  std::string plain(1 << 20, '\0');
  uLongf size = plain.size();
  EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(plain.data()), &size, reinterpret_cast<const Bytef*>(compressed.data()),
                       compressed.size()),
            Z_OK);
  plain.resize(size);
  Reader reader(plain);
  EXPECT_EQ(reader.Integer(4), 0x1c849313u);
  EXPECT_EQ(reader.Integer(4), size - 40);
  EXPECT_EQ(reader.Integer(4), 0u);
  EXPECT_EQ(reader.Integer(4), 3u);                   // Digits.
  EXPECT_EQ(reader.Integer(8), 1000u);                // The unit and
  EXPECT_EQ(reader.Integer(8), 3'600'000'000'000u);   // the highest value, in nanoseconds.
  EXPECT_EQ(reader.Integer(8), 0x3ff0000000000000u);  // 1.0
  std::vector<uint64_t> counts;
  while (!reader.at_end()) {
    const int64_t number = reader.ZigZag();
    counts.insert(counts.end(), number < 0 ? -number : 1, number < 0 ? 0 : number);
  }
  return counts;
}

Histogram Sample() {
  Histogram histogram;
  for (int i = 1; i <= 10'000; ++i) histogram.Record(absl::Microseconds(i * i));  // Up to 100 s, most of them rare.
  for (int i = 0; i < 1'000'000; ++i) histogram.Record(absl::Milliseconds(50));   // A count of many bytes.
  histogram.Record(absl::ZeroDuration());
  return histogram;
}

TEST(HdrLogTest, HoldsEveryCount) {
  const Histogram histogram = Sample();
  const std::string line = HdrLogLine("", absl::Seconds(2), absl::Seconds(1), histogram);
  const std::vector<std::string> fields = absl::StrSplit(line.substr(0, line.size() - 1), ',');
  ASSERT_EQ(fields.size(), 4u);
  EXPECT_EQ(fields[0], "2.000");
  EXPECT_EQ(fields[1], "1.000");
  EXPECT_EQ(fields[2], "100000.000");
  std::vector<uint64_t> counts = Decode(fields[3]);
  counts.resize(histogram.counts().size());
  EXPECT_EQ(counts, histogram.counts());
}

TEST(HdrLogTest, HoldsAnEmptyHistogram) {
  const std::string line = HdrLogLine("delay", absl::ZeroDuration(), absl::Seconds(1), Histogram());
  EXPECT_THAT(line, MatchesRegex("Tag=delay,0.000,1.000,0.000,HISTFAAAA[A-Za-z0-9+/=]+\n"));
  EXPECT_TRUE(Decode(line.substr(line.rfind(',') + 1, line.size() - line.rfind(',') - 2)).empty());
}

TEST(HdrLogTest, SaysWhenItBegan) {
  EXPECT_THAT(HdrLogHead(absl::FromUnixMillis(1'700'000'000'250)),
              HasSubstr("\n#[Histogram log format version 1.3]\n#[StartTime: 1700000000.250 (seconds since epoch), "));
}

// What HdrHistogram's own tool makes of the log: the lines of its table, and the figures below it.
std::string Process(const std::string& path, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {
      "java", "-Xshare:auto", "-cp", "/usr/share/java/hdrhistogram.jar", "org.HdrHistogram.HistogramLogProcessor", "-i",
      path};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Outcome outcome = RunProcess(arguments);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return outcome.out;
}

// `name` of the figures below the table: `#[Max     =      100.000, Total count    =         1000]`.
double FigureOf(const std::string& output, const std::string& name) {
  const std::size_t at = output.find(name);
  if (at == std::string::npos) return -1;
  const std::size_t begin = output.find('=', at) + 1;
  double figure = -1;
  EXPECT_TRUE(absl::SimpleAtod(output.substr(begin, output.find_first_of(",]", begin) - begin), &figure)) << output;
  return figure;
}

// The value of the first row of the table whose percentile is at least `quantile`.
double ValueAt(const std::string& output, double quantile) {
  for (const absl::string_view line : absl::StrSplit(output, '\n')) {
    const std::vector<absl::string_view> columns = absl::StrSplit(line, ' ', absl::SkipEmpty());
    double value = 0, percentile = 0;
    if (columns.size() >= 3 && absl::SimpleAtod(columns[0], &value) && absl::SimpleAtod(columns[1], &percentile) &&
        percentile >= quantile) {
      return value;
    }
  }
  return -1;
}

TEST(HdrLogTest, IsReadByTheToolOfHdrHistogram) {
  const std::string path = testing::TempDir() + "read.hlog";
  // Two loops, three seconds; the second loop hands over its first interval when the log has gone on.
  IntervalLog log(path);
  log.Begin(LoadTime(1h), absl::FromUnixSeconds(1'700'000'000));
  Histogram all, services;
  IntervalRecorder one(&log), other(&log);
  for (int i = 1; i <= 3000; ++i) {
    IntervalRecorder& recorder = i % 10 == 0 && i > 10 ? one : other;
    const CallTimes times = {.response = i * 30us, .service = i * 10us};
    recorder.Record(times, LoadTime(1h) + (i == 10 ? 0 : i) * 1ms);
    all.RecordNanos(times.response.count());
    services.RecordNanos(times.service.count());
    if (i % 100 == 0) log.WriteClosed();
  }
  one.Flush();
  other.Flush();
  log.WriteAll();
  ASSERT_TRUE(log.status().ok()) << log.status();

  const std::string responses = Process(path);
  EXPECT_EQ(FigureOf(responses, "Total count"), 3000);
  EXPECT_NEAR(FigureOf(responses, "#[Max"), 90, 0.09);
  EXPECT_NEAR(FigureOf(responses, "#[Mean"), absl::ToDoubleMilliseconds(all.mean()), 0.05);
  for (const double quantile : {0.5, 0.75, 0.9, 0.95}) {
    EXPECT_NEAR(ValueAt(responses, quantile), absl::ToDoubleMilliseconds(all.ValueAtQuantile(quantile)), 0.1)
        << quantile;
  }
  const std::string service = Process(path, {"-tag", "service"});
  EXPECT_EQ(FigureOf(service, "Total count"), 3000);
  EXPECT_NEAR(FigureOf(service, "#[Mean"), absl::ToDoubleMilliseconds(services.mean()), 0.05);
  // Its options -start and -end choose by the intervals' times.
  EXPECT_EQ(FigureOf(Process(path, {"-start", "0.9", "-end", "1.9"}), "Total count"), 1000);
}

TEST(HdrLogTest, SaysThatItCannotWriteItsFile) {
  IntervalLog log("/no/such/directory/x.hlog");
  log.Begin(LoadTime(1h), absl::Now());
  log.WriteAll();
  EXPECT_EQ(log.status().message(), "cannot write /no/such/directory/x.hlog");
}

}  // namespace
}  // namespace meanwhile
