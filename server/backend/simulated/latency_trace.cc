#include "server/backend/simulated/latency_trace.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace meanwhile {
namespace {

class FileCloser {
 public:
  void operator()(std::FILE* file) const { std::fclose(file); }
};

absl::StatusOr<absl::Duration> ParseLatency(absl::string_view text) {
  absl::Duration latency;
  if (!absl::ParseDuration(text, &latency)) {
    return absl::InvalidArgumentError(absl::StrCat(absl::CEscape(text), ": must be a time such as 50ms or 1.5s"));
  }
  if (latency < absl::ZeroDuration() || latency > absl::Hours(1)) {
    return absl::InvalidArgumentError(absl::StrCat(text, ": must be from 0 to 1h"));
  }
  return latency;
}

absl::StatusOr<std::vector<absl::Duration>> ReadLatencies(const std::string& name) {
  const auto refuse = [&name](absl::string_view problem) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": ", problem));
  };
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(name.c_str(), "re"));
  if (file == nullptr) return refuse(std::generic_category().message(errno));
  std::vector<absl::Duration> latencies;
  std::array<char, LatencyTrace::kMaxLineLength + 2> buffer;  // With the line's end and a zero.
  for (std::size_t line = 1; std::fgets(buffer.data(), buffer.size(), file.get()) != nullptr; ++line) {
    if (line > LatencyTrace::kMaxLines) return refuse(absl::StrCat("has over ", LatencyTrace::kMaxLines, " lines"));
    absl::string_view text(buffer.data());
    const bool is_whole = text.size() <= LatencyTrace::kMaxLineLength || text.back() == '\n';
    if (!is_whole) {
      return refuse(absl::StrCat("line ", line, ": longer than ", LatencyTrace::kMaxLineLength, " characters"));
    }
    text = absl::StripAsciiWhitespace(text);
    if (text.empty() || text.front() == '#') continue;
    const absl::StatusOr<absl::Duration> latency = ParseLatency(text);
    if (!latency.ok()) return refuse(absl::StrCat("line ", line, ": ", latency.status().message()));
    latencies.push_back(*latency);
  }
  if (std::ferror(file.get()) != 0) return refuse(std::generic_category().message(errno));
  if (latencies.empty()) return refuse("has no latency");
  return latencies;
}

}  // namespace

LatencyTrace::LatencyTrace(std::string file, std::vector<absl::Duration> in_order)
    : file_(std::move(file)), in_order_(std::move(in_order)), sorted_(in_order_) {
  std::sort(sorted_.begin(), sorted_.end());
  absl::Duration sum;
  for (const absl::Duration latency : in_order_) sum += latency;
  mean_ = sum / static_cast<double>(in_order_.size());
}

absl::StatusOr<const LatencyTrace*> LatencyTrace::Read(const std::string& file) {
  absl::StatusOr<std::vector<absl::Duration>> latencies = ReadLatencies(file);
  if (!latencies.ok()) return latencies.status();
  static std::mutex mutex;
  static auto& traces = *new std::vector<const LatencyTrace*>;  // Never destroyed: see the header.
  const std::lock_guard lock(mutex);
  const auto same = std::find_if(traces.begin(), traces.end(), [&](const LatencyTrace* trace) {
    return trace->file_ == file && trace->in_order_ == *latencies;
  });
  if (same != traces.end()) return *same;
  traces.push_back(new LatencyTrace(file, *std::move(latencies)));
  return traces.back();
}

absl::Duration LatencyTrace::Quantile(double p) const {
  // By ceil, as a share p of the latencies is to be no longer; rounded for the sake of products such as 0.07 * 100.
  const double rank = std::ceil(p * static_cast<double>(size()) - 1e-9);
  return sorted_[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

}  // namespace meanwhile
