// What the server counts, as families of metrics in Prometheus' terms: names, help, labels, values. Figures in,
// families out; docs/watch-a-server.md tells what each of them means.
//
// Thread: any.

#ifndef MEANWHILE_SERVER_OBSERVE_METRIC_FAMILIES_H_
#define MEANWHILE_SERVER_OBSERVE_METRIC_FAMILIES_H_

#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/observe/call_counts.h"
#include "server/observe/latency_histograms.h"
#include "server/observe/model_figures.h"

namespace meanwhile {

using MetricFamilies = std::vector<prometheus::MetricFamily>;

// Each appends to `families`.
void AddBuild(const std::string& model, MetricFamilies* families);
void AddCalls(const CallCounts& counts, MetricFamilies* families);
void AddLatencies(const LatencyHistograms& histograms, MetricFamilies* families);
void AddLoops(const std::vector<LoopFigures>& loops, MetricFamilies* families);
void AddPool(const async::ThreadPool& pool, MetricFamilies* families);
void AddConnections(std::uint64_t open, std::uint64_t accepted, std::uint64_t failed, std::uint64_t refused,
                    MetricFamilies* families);

// Reads them: those that every program shows under these names.
void AddProcess(absl::Time start_time, MetricFamilies* families);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_METRIC_FAMILIES_H_
