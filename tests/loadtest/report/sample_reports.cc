#include "tests/loadtest/report/sample_reports.h"

#include "google/protobuf/text_format.h"

namespace meanwhile {
namespace {

constexpr char kComparison[] = R"pb(
  version: "1.2.3"
  start_time: "2030-01-02T03:04:05Z"
  host { name: "box" processor: "Fast CPU" processors: 2 memory_bytes: 8.3e9 kernel: "Linux 6.1" }
  settings {
    models: [ "async", "thread" ]
    in_flight: [ 100, 4000 ]
    backend: "normal:50ms,5ms"
    rounds: 4
    warmup_seconds: 0.5
    measure_seconds: 3
    connections: 8
    payload_bytes: 64
    pinning: "server on processor 0, load tester on processor 1"
    engine: "grpc"
    mean_wait_seconds: 0.05
    flags { name: "rounds" value: "4" given: true }
    flags { name: "warmup" value: "800ms" }
  }
  valid: true
  cells {
    model: "async"
    in_flight: 100
    duration_seconds: 3
    calls: 5955
    achieved_rate: 1985
    ideal_share: 0.9925
    statuses { key: "OK" value: 5955 }
    response_time {
      min: 0.04
      mean: 0.0505
      p50: 0.0503
      p75: 0.054
      p90: 0.0571
      p99: 0.0622
      p999: 0.071
      p9999: 0.08
      max: 0.106
    }
    server {
      cpu_micros_per_call: 31
      processors_used: 0.0615
      peak_threads: 13
      peak_rss_bytes: 21e6
      context_switches_per_call: 1.1
    }
    client { cpu_micros_per_call: 22 processors_used: 0.0437 }
  }
  cells {
    model: "thread"
    in_flight: 100
    duration_seconds: 3
    calls: 5934
    achieved_rate: 1978
    ideal_share: 0.989
    statuses { key: "OK" value: 5934 }
    response_time {
      min: 0.04
      mean: 0.0507
      p50: 0.0506
      p75: 0.054
      p90: 0.0572
      p99: 0.0633
      p999: 0.0742
      p9999: 0.08
      max: 0.111
    }
    server {
      cpu_micros_per_call: 58
      processors_used: 0.115
      peak_threads: 108
      peak_rss_bytes: 24e6
      context_switches_per_call: 3.2
    }
    client { cpu_micros_per_call: 22 processors_used: 0.0435 }
  }
  cells {
    model: "async"
    in_flight: 4000
    duration_seconds: 3
    calls: 85236
    achieved_rate: 28412
    ideal_share: 0.35515
    statuses { key: "OK" value: 85236 }
    response_time { min: 0.06 mean: 0.14 p50: 0.138 p75: 0.15 p90: 0.163 p99: 0.171 p999: 0.22 p9999: 0.26 max: 0.33 }
    server {
      cpu_micros_per_call: 21.3
      processors_used: 0.605
      peak_threads: 13
      peak_rss_bytes: 74e6
      context_switches_per_call: 0.08
    }
    client { cpu_micros_per_call: 22 processors_used: 0.625 }
  }
  cells {
    model: "thread"
    in_flight: 4000
    duration_seconds: 3
    calls: 31572
    achieved_rate: 10520
    ideal_share: 0.1315
    errors: 12
    statuses { key: "OK" value: 31560 }
    statuses { key: "UNAVAILABLE" value: 12 }
    error_groups { status: "UNAVAILABLE" message: "Socket closed" count: 12 }
    response_time { min: 0.06 mean: 0.38 p50: 0.371 p75: 0.4 p90: 0.438 p99: 0.622 p999: 1.41 p9999: 1.5 max: 1.6 }
    server { cpu_micros_per_call: 66 processors_used: 0.694 peak_threads: 3160 peak_rss_bytes: 312e6 }
    client { cpu_micros_per_call: 22 processors_used: 0.231 }
  }
  comparisons {
    subject: "async"
    baseline: "thread"
    in_flight: 100
    throughput_ratio { median: 1.004 low: 0.991 high: 1.012 }
    cpu_per_call_ratio { median: 0.534 low: 0.52 high: 0.55 }
    sentence: "At 100 in flight there is the sentence."
  }
  comparisons {
    subject: "async"
    baseline: "thread"
    in_flight: 4000
    throughput_ratio { median: 2.7 low: 2.5 high: 2.9 }
    cpu_per_call_ratio { median: 0.323 low: 0.3 high: 0.34 }
    sentence: "At 4,000 in flight async serves 2.7 times [2.5–2.9] the calls of thread, with 13 threads instead of 3,160."
  }
  rounds {
    model: "async"
    in_flight: 4000
    round: 1
    duration_seconds: 3
    calls: 84000
    achieved_rate: 28000
    ideal_share: 0.35
    response_time { p50: 0.139 }
  }
  rounds { model: "async" in_flight: 4000 round: 2 duration_seconds: 3 calls: 86472 achieved_rate: 28824.5 }
)pb";

constexpr char kRun[] = R"pb(
  load: "1,000 in flight"
  connect_seconds: 0.0031
  in_flight_at_end: 1000
  histogram { low: 0.0004 high: 0.033 count: 40114 }
  histogram { low: 0.033 high: 0.066 count: 150000 }
  histogram { low: 0.066 high: 1.22 count: 2000 }
  status_times {
    key: "OK"
    value { p50: 0.0511 p99: 0.066 max: 1.22 }
  }
  status_times {
    key: "UNAVAILABLE"
    value { p50: 0.0004 p99: 0.0005 max: 0.0006 }
  }
  spectrum { quantile: 0 response_time: 0.0004 }
  spectrum { quantile: 0.9 response_time: 0.0603 }
  version: "1.2.3"
  start_time: "2030-01-02T03:04:05Z"
  host { name: "box" processors: 1 }
  target: "localhost:50051"
  connections: 8
  loops: 2
  engine: "grpc"
  valid: true
  model: "async"
  in_flight: 1000
  duration_seconds: 10
  calls: 192114
  achieved_rate: 19210
  ideal_share: 0.9605
  errors: 14
  statuses { key: "DEADLINE_EXCEEDED" value: 2 }
  statuses { key: "OK" value: 192100 }
  statuses { key: "UNAVAILABLE" value: 12 }
  error_groups { status: "DEADLINE_EXCEEDED" message: "Deadline Exceeded" count: 2 }
  error_groups { status: "UNAVAILABLE" message: "Socket closed" count: 12 }
  response_time {
    min: 0.0004
    mean: 0.0521
    p50: 0.0511
    p75: 0.0562
    p90: 0.0603
    p99: 0.066
    p999: 0.081
    p9999: 0.0972
    max: 1.22
    stddev: 0.0087
    p99999: 1.1
  }
  server {
    cpu_micros_per_call: 25.2
    processors_used: 0.484
    peak_threads: 13
    peak_rss_bytes: 34e6
    context_switches_per_call: 0.34
  }
  client { cpu_micros_per_call: 22 processors_used: 0.423 }
)pb";

// What an open loop has beside that.
constexpr char kMix[] = R"(
methods: "meanwhile.v1.Meanwhile/Fetch" methods: "health of nothing" methods: "shop.Shop/Buy"
method_figures {
  name: "meanwhile.v1.Meanwhile/Fetch" methods: "meanwhile.v1.Meanwhile/Fetch"
  calls: 172903 share: 0.9 achieved_rate: 17290 statuses { key: "OK" value: 172903 }
  response_time { min: 0.0501 mean: 0.0521 p50: 0.0513 p75: 0.056 p90: 0.06 p99: 0.064 p999: 0.08 max: 1.22 }
}
method_figures {
  name: "health of nothing" methods: "grpc.health.v1.Health/Check"
  calls: 19211 share: 0.1 achieved_rate: 1920 errors: 14
  statuses { key: "NOT_FOUND" value: 19197 }
  statuses { key: "UNAVAILABLE" value: 14 }
  error_groups { status: "UNAVAILABLE" message: "Socket closed" count: 14 }
  response_time { min: 0.0003 mean: 0.0005 p50: 0.0004 p75: 0.0006 p90: 0.0008 p99: 0.0012 p999: 0.005 max: 0.009 }
}
method_figures { name: "shop.Shop/Buy" methods: "shop.Shop/Buy" }
)";

constexpr char kOpen[] = R"pb(
  load: "19,300 calls/s, poisson"
  offered_rate: 19300
  max_in_flight: 10000
  not_sent: 86
  unfinished: 3
  service_time {
    min: 0.0004
    mean: 0.05
    stddev: 0.004
    p50: 0.05
    p75: 0.055
    p90: 0.059
    p99: 0.06
    p999: 0.07
    p9999: 0.08
    p99999: 0.09
    max: 0.1
  }
  dispatch_delay {
    mean: 0.00031
    stddev: 0.0002
    p50: 0.0003
    p75: 0.0004
    p90: 0.0005
    p99: 0.0009
    p999: 0.001
    p9999: 0.0011
    p99999: 0.012
    max: 0.0123
  }
  thresholds { threshold: "p99<80ms" passed: true actual: 0.066 actual_text: "66.0 ms" }
  thresholds { threshold: "errors<0.001%" actual: 0.000073 actual_text: "0.01 %" }
  time_series {
    length_seconds: 1
    calls: 19301
    offered_rate: 19305
    achieved_rate: 19299
    errors: 2
    in_flight: 970
    p50: 0.051
    p90: 0.06
    p99: 0.066
    max: 0.08
    server { processors_used: 0.48 rss_bytes: 33e6 threads: 13 }
  }
  time_series { start_seconds: 1 length_seconds: 1 offered_rate: 19300 not_sent: 86 in_flight: 10000 }
  time_series {
    start_seconds: 2
    length_seconds: 1.1
    calls: 30000
    offered_rate: 19295
    achieved_rate: 27200
    errors: 12
    in_flight: 980
    p50: 0.61
    p90: 1
    p99: 1.1
    max: 1.22
    server { processors_used: 0.91 rss_bytes: 34e6 threads: 13 }
  }
  settings { name: "rps" value: "19300" given: true }
  settings { name: "warmup" value: "2s" }
)pb";

template <typename Message>
Message Parse(const char* text) {
  Message message;
  GOOGLE_CHECK(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

constexpr char kSearch[] = R"pb(
  version: "1.2.3"
  start_time: "2030-01-02T03:04:05Z"
  host { name: "box" processor: "Fast CPU" processors: 2 memory_bytes: 8.3e9 kernel: "Linux 6.1" }
  target: "localhost:50051"
  model: "async"
  connections: 8
  loops: 2
  engine: "http2"
  arrival: "poisson"
  objectives: [ "p99<100ms", "errors<0.1%" ]
  warmup_seconds: 1
  measure_seconds: 5
  precision: 0.05
  valid: true
  sentence: "There is the sentence."
  settings { name: "slo" value: "p99<100ms,errors<0.1%" given: true }
  settings { name: "to" value: "10000000" }
  rate: 100
  held: 1
  repeats: 1
  highest_held: 100
  lowest_failed: 105
  probes {
    stage: "grow"
    cell {
      rate: 100
      calls: 500
      achieved_rate: 100
      offered_rate: 100
      response_time { p50: 0.0503 p99: 0.0622 p999: 0.071 max: 0.09 }
    }
    held: true
  }
  probes {
    stage: "bisect"
    cell {
      rate: 105
      calls: 525
      achieved_rate: 101
      offered_rate: 105
      errors: 12
      error_groups { status: "UNAVAILABLE" message: "Socket closed" count: 12 }
      response_time { p50: 0.0703 p99: 0.123 p999: 0.171 max: 0.19 }
    }
    reason: "p99<100ms was 123 ms"
  }
  probes {
    stage: "confirm"
    cell {
      rate: 100
      calls: 500
      achieved_rate: 100
      offered_rate: 100
      response_time { p50: 0.0503 p99: 0.0622 p999: 0.071 max: 0.09 }
    }
    held: true
  }
)pb";

}  // namespace

v1::ComparisonReport SampleComparison() { return Parse<v1::ComparisonReport>(kComparison); }

v1::RunReport SampleRun() { return Parse<v1::RunReport>(kRun); }

v1::RunReport SampleMixRun() {
  v1::RunReport report = SampleRun();
  report.clear_methods();
  report.MergeFrom(Parse<v1::RunReport>(kMix));
  return report;
}

v1::RunReport SampleOpenRun() {
  v1::RunReport report = SampleRun();
  report.MergeFrom(Parse<v1::RunReport>(kOpen));
  report.clear_ideal_share();
  return report;
}

v1::ComparisonReport HostileComparison() {
  v1::ComparisonReport report = SampleComparison();
  report.mutable_host()->set_name(kHostile);
  report.mutable_settings()->set_models(0, kHostile);
  report.mutable_cells(0)->set_model(kHostile);
  report.mutable_cells(3)->mutable_error_groups(0)->set_message(kHostile);
  report.mutable_comparisons(0)->set_sentence(kHostile);
  report.add_problems(kHostile);
  return report;
}

v1::SearchReport SampleSearch() { return Parse<v1::SearchReport>(kSearch); }

}  // namespace meanwhile
