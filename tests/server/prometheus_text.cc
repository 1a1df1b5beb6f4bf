#include "tests/server/prometheus_text.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <re2/re2.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

// `name_bucket` of a histogram `name`.
std::string FamilyOf(const std::string& name, const std::map<std::string, std::string>& types) {
  for (const char* suffix : {"_bucket", "_sum", "_count"}) {
    if (!absl::EndsWith(name, suffix)) continue;
    const std::string family(absl::StripSuffix(name, suffix));
    const auto found = types.find(family);
    if (found != types.end() && (found->second == "histogram" || found->second == "summary")) return family;
  }
  return name;
}

double Number(const std::string& text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  if (text == "NaN" || text == "Nan") return std::numeric_limits<double>::quiet_NaN();
  double number = 0;
  EXPECT_TRUE(absl::SimpleAtod(text, &number)) << text;
  return number;
}

}  // namespace

PrometheusText::PrometheusText(const std::string& text) {
  EXPECT_TRUE(absl::EndsWith(text, "\n")) << "the last line has no end";
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) ReadLine(std::string(line));
  EXPECT_EQ(names_.size(), types_.size()) << "a family without a type";
  CheckHistograms();
}

PrometheusText PrometheusText::Fetch(const std::string& url) { return PrometheusText(FetchHttp(url)); }

double PrometheusText::Value(const std::string& series) const {
  const auto found = values_.find(series);
  EXPECT_NE(found, values_.end()) << "no series " << series;
  return found == values_.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
}

void PrometheusText::ReadLine(const std::string& line) {
  static const RE2 kHelp("# HELP ([a-z_:][a-z0-9_:]*) .+");
  static const RE2 kType("# TYPE ([a-z_:][a-z0-9_:]*) (counter|gauge|histogram|summary|untyped)");
  std::string name;
  std::string type;
  if (RE2::FullMatch(line, kHelp, &name)) {
    EXPECT_TRUE(names_.insert(name).second) << "two families of one name: " << line;
    return;
  }
  if (RE2::FullMatch(line, kType, &name, &type)) {
    EXPECT_TRUE(types_.emplace(name, type).second) << line;
    // What promtool says of names.
    EXPECT_EQ(type == "counter", absl::EndsWith(name, "_total")) << line;
    for (const char* unit : {"_ms", "_us", "_ns", "_milliseconds", "_kilobytes"}) {
      EXPECT_FALSE(absl::StrContains(name, unit)) << name << ": seconds and bytes are the units";
    }
    return;
  }
  ASSERT_FALSE(absl::StartsWith(line, "#")) << line;
  ReadSample(line);
}

void PrometheusText::ReadSample(const std::string& line) {
  static const RE2 kSample(R"re(([a-z_:][a-z0-9_:]*)(\{[a-z_]+="[^"\\\n]*"(?:,[a-z_]+="[^"\\\n]*")*\})? (\S+))re");
  std::string name;
  std::string labels;
  std::string value;
  ASSERT_TRUE(RE2::FullMatch(line, kSample, &name, &labels, &value)) << line;
  EXPECT_EQ(types_.count(FamilyOf(name, types_)), 1u) << "a sample of no family: " << line;
  EXPECT_TRUE(values_.emplace(name + labels, Number(value)).second) << "twice: " << name << labels;
}

// Buckets grow from bound to bound, and the last, +Inf, holds as many as _count says.
void PrometheusText::CheckHistograms() const {
  static const RE2 kBucket(R"re((.*)_bucket\{(.*?),?le="([^"]+)"\})re");
  std::map<std::string, std::map<double, double>> histograms;  // Of `name{labels}`: counts by bound.
  for (const auto& [series, value] : values_) {
    std::string name;
    std::string labels;
    std::string bound;
    if (!RE2::FullMatch(series, kBucket, &name, &labels, &bound)) continue;
    histograms[absl::StrCat(name, "_count{", labels, "}")][Number(bound)] = value;
  }
  for (const auto& [count, buckets] : histograms) {
    double below = 0;
    for (const auto& [bound, value] : buckets) {
      EXPECT_GE(value, below) << count;
      below = value;
    }
    EXPECT_TRUE(std::isinf(buckets.rbegin()->first)) << count;
    EXPECT_EQ(below, Value(count)) << count;
  }
}

std::string FetchHttp(const std::string& url) {
  std::uint16_t port = 0;
  std::string path;
  if (!RE2::FullMatch(url, R"(http://127\.0\.0\.1:(\d+)(/\S*))", &port, &path)) {
    ADD_FAILURE() << "no URL of the loopback: " << url;
    return "";
  }
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{absl::ToInt64Seconds(kPatience), 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0) {
    const std::string request = absl::StrCat("GET ", path, " HTTP/1.0\r\n\r\n");
    EXPECT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    std::array<char, 65536> buffer;
    for (ssize_t size = 1; size > 0;) {
      size = recv(fd, buffer.data(), buffer.size(), 0);
      if (size > 0) answer.append(buffer.data(), static_cast<std::size_t>(size));
    }
  }
  close(fd);
  const std::size_t end = answer.find("\r\n\r\n");
  EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.1 200 ") && end != std::string::npos) << url << ": " << answer;
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

}  // namespace meanwhile
