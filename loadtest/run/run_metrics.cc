#include "loadtest/run/run_metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace meanwhile {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Upper bounds, seconds.
constexpr double kBounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                              0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30,    60};

MetricFamily Family(MetricType type, const char* name, const char* help) {
  MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  return family;
}

MetricFamily Gauge(const char* name, const char* help, double value) {
  MetricFamily family = Family(MetricType::Gauge, name, help);
  family.metric.emplace_back().gauge.value = value;
  return family;
}

MetricFamily Counter(const char* name, const char* help, double value) {
  MetricFamily family = Family(MetricType::Counter, name, help);
  family.metric.emplace_back().counter.value = value;
  return family;
}

using Labels = std::vector<ClientMetric::Label>;

// Adds metrics of each method, or of all calls when there is one.
template <typename Add>
void AddOfMethods(const LoadProgress& progress, Add add, MetricFamily* family) {
  if (progress.methods.empty()) add(progress.totals, Labels(), family);
  for (const auto& [name, counts] : progress.methods) add(counts, Labels{{"method", name}}, family);
}

void AddCalls(const LiveCounts& counts, const Labels& of_method, MetricFamily* family) {
  for (std::size_t i = 0; i < kStatusCodes; ++i) {
    const auto code = static_cast<absl::StatusCode>(i);
    const uint64_t ended = counts.succeeded_with[i] + counts.failed_with[i];
    if (ended == 0 && code != absl::StatusCode::kOk) continue;
    ClientMetric& metric = family->metric.emplace_back();
    metric.label = {{"code", absl::StatusCodeToString(code)}};
    metric.label.insert(metric.label.end(), of_method.begin(), of_method.end());
    metric.counter.value = static_cast<double>(ended);
  }
}

void AddFailedCalls(const LiveCounts& counts, const Labels& of_method, MetricFamily* family) {
  ClientMetric& metric = family->metric.emplace_back();
  metric.label = of_method;
  metric.counter.value = static_cast<double>(counts.failed());
}

void AddResponseTimes(const LiveCounts& counts, const Labels& of_method, MetricFamily* family) {
  ClientMetric& metric = family->metric.emplace_back();
  metric.label = {{"time", "response"}};
  metric.label.insert(metric.label.end(), of_method.begin(), of_method.end());
  std::size_t next = 0;
  for (const double bound : kBounds) {
    for (; next < counts.times.size() && absl::ToDoubleSeconds(TimeBuckets::LowestOf(next)) < bound; ++next) {
      metric.histogram.sample_count += counts.times[next];
    }
    metric.histogram.bucket.push_back({metric.histogram.sample_count, bound});
  }
  for (; next < counts.times.size(); ++next) metric.histogram.sample_count += counts.times[next];
  metric.histogram.bucket.push_back({metric.histogram.sample_count, std::numeric_limits<double>::infinity()});
  for (std::size_t i = 0; i < counts.times.size(); ++i) {
    if (counts.times[i] == 0) continue;
    const absl::Duration middle = (TimeBuckets::LowestOf(i) + TimeBuckets::LowestOf(i + 1)) / 2;
    metric.histogram.sample_sum += static_cast<double>(counts.times[i]) * absl::ToDoubleSeconds(middle);
  }
}

MetricFamily Calls(const LoadProgress& progress) {
  MetricFamily family =
      Family(MetricType::Counter, "meanwhile_loadtest_calls_total", "Calls that have ended, by status.");
  AddOfMethods(progress, AddCalls, &family);
  return family;
}

MetricFamily FailedCalls(const LoadProgress& progress) {
  MetricFamily family = Family(MetricType::Counter, "meanwhile_loadtest_calls_failed_total",
                               "Those of them that were not as expected, by their status or their answer.");
  AddOfMethods(progress, AddFailedCalls, &family);
  return family;
}

MetricFamily ResponseTimes(const LoadProgress& progress) {
  MetricFamily family = Family(MetricType::Histogram, "meanwhile_loadtest_call_seconds",
                               "From when a call was to be sent to its end; to 3 %.");
  AddOfMethods(progress, AddResponseTimes, &family);
  return family;
}

}  // namespace

class RunMetrics::Figures final : public prometheus::Collectable {
 public:
  void Update(const LoadProgress& progress) ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::MutexLock lock(&mutex_);
    progress_ = progress;
  }

  std::vector<MetricFamily> Collect() const override ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::MutexLock lock(&mutex_);
    const LiveCounts& counts = progress_.totals;
    const double seconds = absl::ToDoubleSeconds(progress_.recent_length);
    const auto rate = [seconds](uint64_t count) { return seconds > 0 ? static_cast<double>(count) / seconds : 0; };
    return {
        Calls(progress_),
        FailedCalls(progress_),
        ResponseTimes(progress_),
        Counter("meanwhile_loadtest_calls_due_total", "Calls whose time had come by the schedule, if there is one.",
                static_cast<double>(counts.due)),
        Counter("meanwhile_loadtest_calls_not_sent_total",
                "Those of them that were not sent, as too many were in flight.", static_cast<double>(counts.not_sent)),
        Gauge("meanwhile_loadtest_calls_in_flight", "Calls that were sent and have not ended.",
              static_cast<double>(counts.in_flight)),
        Gauge("meanwhile_loadtest_offered_rate", "Calls a second that came due in the last half second.",
              rate(progress_.recent.due)),
        Gauge("meanwhile_loadtest_achieved_rate", "Calls a second that succeeded in the last half second.",
              rate(progress_.recent.succeeded())),
        Gauge("meanwhile_loadtest_warming_up", "1 until the measured time begins.", progress_.warming_up ? 1 : 0),
    };
  }

 private:
  mutable absl::Mutex mutex_;
  LoadProgress progress_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::unique_ptr<RunMetrics>> RunMetrics::Listen(const std::string& address) {
  absl::StatusOr<std::unique_ptr<MetricsEndpoint>> endpoint = MetricsEndpoint::Listen(address);
  if (!endpoint.ok()) return endpoint.status();
  return std::unique_ptr<RunMetrics>(new RunMetrics(*std::move(endpoint)));
}

RunMetrics::RunMetrics(std::unique_ptr<MetricsEndpoint> endpoint)
    : endpoint_(std::move(endpoint)), figures_(std::make_shared<Figures>()) {
  endpoint_->Expose(figures_);
}

RunMetrics::~RunMetrics() = default;

void RunMetrics::Update(const LoadProgress& progress) { figures_->Update(progress); }

}  // namespace meanwhile
