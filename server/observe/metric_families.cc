#include "server/observe/metric_families.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/version.h"
#include "server/observe/process_figures.h"
#include "server/observe/status_name.h"

namespace meanwhile {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

double Seconds(async::Duration duration) { return absl::ToDoubleSeconds(absl::FromChrono(duration)); }

// A family that is filled by one value after the other.
class Family {
 public:
  Family(MetricType type, std::string name, std::string help) : type_(type) {
    family_.type = type;
    family_.name = std::move(name);
    family_.help = std::move(help);
  }

  template <typename Number>
  void Add(Number value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    (type_ == MetricType::Counter ? metric.counter.value : metric.gauge.value) = static_cast<double>(value);
    family_.metric.push_back(std::move(metric));
  }

  void Add(const LatencyHistograms::Histogram& histogram, Labels labels) {
    ClientMetric metric;
    metric.label = std::move(labels);
    for (std::size_t i = 0; i < LatencyHistograms::kBuckets; ++i) {
      metric.histogram.sample_count += histogram.counts[i];
      const bool is_last = i + 1 == LatencyHistograms::kBuckets;
      metric.histogram.bucket.push_back({metric.histogram.sample_count, is_last
                                                                            ? std::numeric_limits<double>::infinity()
                                                                            : Seconds(LatencyHistograms::kBounds[i])});
    }
    metric.histogram.sample_sum = Seconds(histogram.sum);
    family_.metric.push_back(std::move(metric));
  }

  void MoveTo(MetricFamilies* families) { families->push_back(std::move(family_)); }

 private:
  const MetricType type_;
  MetricFamily family_;
};

Family Counter(std::string name, std::string help) { return {MetricType::Counter, std::move(name), std::move(help)}; }
Family Gauge(std::string name, std::string help) { return {MetricType::Gauge, std::move(name), std::move(help)}; }

Labels OfMethod(CallMethod method) { return {{"method", std::string(ToString(method))}}; }

}  // namespace

void AddBuild(const std::string& model, MetricFamilies* families) {
  Family build = Gauge("meanwhile_build_info", "Always 1. The server's version and its model.");
  build.Add(1, {{"model", model}, {"version", kVersion}});
  build.MoveTo(families);
}

void AddCalls(const CallCounts& counts, MetricFamilies* families) {
  Family started = Counter("meanwhile_calls_started_total", "Calls that have started.");
  Family ended = Counter("meanwhile_calls_total", "Calls that have ended, by status.");
  Family in_flight = Gauge("meanwhile_calls_in_flight", "Calls that have started and not ended.");
  Family shed = Counter("meanwhile_calls_shed_total", "Calls that were refused without being run, by reason.");
  for (const CallMethod method : kAllCallMethods) {
    const MethodCounts& of_method = counts.methods[static_cast<std::size_t>(method)];
    started.Add(of_method.started, OfMethod(method));
    in_flight.Add(of_method.in_flight(), OfMethod(method));
    for (const ShedReason reason : kAllShedReasons) {
      Labels labels = OfMethod(method);
      labels.push_back({"reason", std::string(ToString(reason))});
      shed.Add(of_method.shed[static_cast<std::size_t>(reason)], std::move(labels));
    }
    for (std::size_t code = 0; code < kStatusCodes; ++code) {
      // OK is there from the start, so that a rate has a beginning; the others would be 16 lines of nothing.
      if (code > 0 && of_method.ended[code] == 0) continue;
      Labels labels = OfMethod(method);
      labels.push_back({"code", StatusName(static_cast<grpc::StatusCode>(code))});
      ended.Add(of_method.ended[code], std::move(labels));
    }
  }
  for (Family* family : {&started, &ended, &in_flight, &shed}) family->MoveTo(families);

  Family exceptions = Counter("meanwhile_handler_exceptions_total", "Exceptions that have left a handler.");
  exceptions.Add(counts.exceptions);
  exceptions.MoveTo(families);
}

void AddLatencies(const LatencyHistograms& histograms, MetricFamilies* families) {
  using Part = LatencyHistograms::Part;
  const auto add = [&](Part part, std::string name, std::string help) {
    Family family(MetricType::Histogram, std::move(name), std::move(help));
    for (const CallMethod method : kAllCallMethods) family.Add(histograms.Read(method, part), OfMethod(method));
    family.MoveTo(families);
  };
  add(Part::kTotal, "meanwhile_call_duration_seconds", "From when the server heard of a call to its end.");
  add(Part::kQueued, "meanwhile_call_queued_seconds",
      "Of that, how long the call was queued for a thread of the pool.");
  add(Part::kWaiting, "meanwhile_call_waiting_seconds", "Of that, how long the call neither was queued nor ran.");
  add(Part::kRunning, "meanwhile_call_running_seconds", "Of that, how long the call ran.");
}

void AddLoops(const std::vector<LoopFigures>& loops, MetricFamilies* families) {
  if (loops.empty()) return;
  Family busy = Counter("meanwhile_loop_busy_seconds_total", "How long the loop has run coroutines.");
  Family blocked = Counter("meanwhile_loop_blocked_total", "How often a coroutine held the loop for over 10 ms.");
  Family longest = Gauge("meanwhile_loop_longest_run_seconds", "The longest that a coroutine ever held the loop.");
  Family fired = Counter("meanwhile_loop_timers_fired_total", "Timers that have fired.");
  Family lag = Counter("meanwhile_loop_timer_lag_seconds_total", "How late these timers were, all together.");
  Family armed = Gauge("meanwhile_slots_armed", "Calls that the loop could take now, before one waits inside gRPC.");
  Family slots = Gauge("meanwhile_slots", "Slots for calls that were made so far, armed or not.");
  for (std::size_t i = 0; i < loops.size(); ++i) {
    const Labels loop = {{"loop", absl::StrCat(i)}};
    const async::LoopStats& stats = *loops[i].stats;
    busy.Add(Seconds(stats.busy()), loop);
    blocked.Add(stats.blocked(), loop);
    longest.Add(Seconds(stats.longest_run()), loop);
    fired.Add(stats.timers_fired(), loop);
    lag.Add(Seconds(stats.timer_lag()), loop);
    for (const async::ServedMethod* method : loops[i].methods) {
      const Labels labels = {loop.front(), {"method", std::string(method->name())}};
      armed.Add(method->armed(), labels);
      slots.Add(method->slots(), labels);
    }
  }
  for (Family* family : {&busy, &blocked, &longest, &fired, &lag}) family->MoveTo(families);
  if (loops.front().methods.empty()) return;
  armed.MoveTo(families);
  slots.MoveTo(families);
}

void AddPool(const async::ThreadPool& pool, MetricFamilies* families) {
  const async::ThreadPool::Figures figures = pool.figures();
  const auto add = [&](Family family, double value) {
    family.Add(value);
    family.MoveTo(families);
  };
  add(Gauge("meanwhile_pool_threads", "Threads of the pool that have been started."), figures.started);
  add(Gauge("meanwhile_pool_threads_max", "How many there may be: --pool-threads."), pool.threads());
  add(Gauge("meanwhile_pool_running", "Handlers that run on the pool now."), figures.running);
  add(Gauge("meanwhile_pool_queue_length", "Calls that wait for a thread of the pool now."), figures.queued);
  add(Gauge("meanwhile_pool_queue_length_max", "How many may wait: --pool-queue."), pool.max_queued());
  add(Counter("meanwhile_pool_refused_total", "Calls that found the pool's queue full, or no thread."),
      figures.refused);
}

void AddConnections(std::uint64_t open, std::uint64_t accepted, std::uint64_t failed, std::uint64_t refused,
                    MetricFamilies* families) {
  const auto add = [&](Family family, double value) {
    family.Add(value);
    family.MoveTo(families);
  };
  add(Gauge("meanwhile_connections_open", "Connections that are open now."), open);
  add(Counter("meanwhile_connections_accepted_total", "Connections that were taken."), accepted);
  add(Counter("meanwhile_connections_failed_total", "How often a connection could not be taken."), failed);
  add(Counter("meanwhile_connections_refused_total", "Connections that were closed at once, over a limit."), refused);
}

void AddProcess(absl::Time start_time, MetricFamilies* families) {
  const auto add = [&](Family family, double value) {
    family.Add(value);
    family.MoveTo(families);
  };
  const ProcessFigures process = ReadProcessFigures();
  add(Counter("process_cpu_seconds_total", "User and system time of the process."),
      absl::ToDoubleSeconds(ProcessorTime()));
  add(Gauge("process_resident_memory_bytes", "Memory of the process that is in RAM."), process.resident_bytes);
  add(Gauge("process_virtual_memory_bytes", "Address space of the process."), process.virtual_bytes);
  add(Gauge("process_threads", "Threads of the process."), process.threads);
  add(Gauge("process_open_fds", "File descriptors that are open."), OpenDescriptors());
  add(Gauge("process_max_fds", "How many may be open."), MaxDescriptors());
  add(Gauge("process_start_time_seconds", "When the server started, in seconds since 1970."),
      absl::ToDoubleSeconds(start_time - absl::UnixEpoch()));
}

}  // namespace meanwhile
