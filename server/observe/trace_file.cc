#include "server/observe/trace_file.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace meanwhile {
namespace {

using async::Duration;
using async::TimePoint;

enum class Group { kLoops = 1, kThreads = 2, kCalls = 3 };

// Gives out rows such that what stands in one does not overlap. Ask in the order of the beginnings.
class Rows {
 public:
  std::size_t Take(TimePoint begin, TimePoint end) {
    const auto free = std::find_if(ends_.begin(), ends_.end(), [begin](TimePoint one) { return one <= begin; });
    const std::size_t row = free - ends_.begin();
    if (free == ends_.end()) ends_.emplace_back();
    ends_[row] = end;
    return row + 1;
  }

  std::size_t taken() const { return ends_.size(); }

 private:
  std::vector<TimePoint> ends_;  // Of what stands last in each row.
};

class Writer {
 public:
  explicit Writer(TimePoint zero) : zero_(zero) {
    NameGroup(Group::kLoops, "loops");
    NameGroup(Group::kThreads, "threads held");
    NameGroup(Group::kCalls, "calls in flight");
  }

  // `arguments` are the members of a JSON object.
  void Draw(Group group, std::size_t row, std::string_view name, TimePoint begin, TimePoint end,
            const std::string& arguments = "") {
    Add(absl::StrFormat(R"({"ph":"X","pid":%d,"tid":%u,"name":"%s","ts":%.3f,"dur":%.3f,"args":{%s}})", group, row,
                        name, Microseconds(begin - zero_), Microseconds(std::max(end - begin, Duration::zero())),
                        arguments));
  }

  // Rows 1 to `last`.
  void NameRows(Group group, std::size_t last, std::string_view name) {
    for (std::size_t row = 1; row <= last; ++row) {
      Add(absl::StrFormat(R"({"ph":"M","pid":%d,"tid":%u,"name":"thread_name","args":{"name":"%s"}})", group, row,
                          name));
    }
  }

  std::string Finished() && {
    return absl::StrCat("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n", events_, "\n]}\n");
  }

 private:
  static double Microseconds(Duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }

  void NameGroup(Group group, std::string_view name) {
    Add(absl::StrFormat(R"({"ph":"M","pid":%d,"name":"process_name","args":{"name":"%s"}})", group, name));
    Add(absl::StrFormat(R"({"ph":"M","pid":%d,"name":"process_sort_index","args":{"sort_index":%d}})", group, group));
  }

  void Add(const std::string& event) { absl::StrAppend(&events_, events_.empty() ? "" : ",\n", event); }

  const TimePoint zero_;
  std::string events_;
};

// Tells a call from others: no loop or thread takes two at one moment.
using CallKey = std::pair<CallMethod, TimePoint>;

void DrawRuns(const std::vector<TracedRun>& runs, Writer& writer) {
  Rows threads;
  std::size_t loops = 0;
  for (const auto& [run, loop] : runs) {
    if (loop > 0) {
      writer.Draw(Group::kLoops, loop, ToString(run.method), run.begin, run.end);
      loops = std::max(loops, loop);
    } else {
      writer.Draw(Group::kThreads, threads.Take(run.begin, run.end), ToString(run.method), run.begin, run.end);
    }
  }
  writer.NameRows(Group::kLoops, loops, "loop");
  writer.NameRows(Group::kThreads, threads.taken(), "thread");
}

// What the call did, one thing after another, in its row.
void DrawInside(const CallRecord& call, const std::vector<const CallRun*>& runs, std::size_t row, Writer& writer) {
  TimePoint drawn = call.arrived;
  const auto draw_gap = [&](TimePoint end) {
    if (end > drawn) writer.Draw(Group::kCalls, row, drawn < call.began ? "queued" : "waiting", drawn, end);
  };
  for (const CallRun* run : runs) {
    draw_gap(run->begin);
    const TimePoint end = std::min(run->end, call.ended);  // The last run also puts the call's things away.
    writer.Draw(Group::kCalls, row, run->on_loop ? "running" : "holding a thread", run->begin, end);
    drawn = std::max(drawn, end);
  }
  draw_gap(call.ended);
}

}  // namespace

std::string TraceJson(std::vector<CallRecord> calls, std::vector<TracedRun> runs) {
  std::sort(calls.begin(), calls.end(), [](const auto& a, const auto& b) { return a.arrived < b.arrived; });
  if (!calls.empty()) {
    std::erase_if(runs, [&](const TracedRun& one) { return one.run.end < calls.front().arrived; });
  }
  std::sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.run.begin < b.run.begin; });
  TimePoint zero = TimePoint::max();
  if (!calls.empty()) zero = calls.front().arrived;
  if (!runs.empty()) zero = std::min(zero, runs.front().run.begin);

  Writer writer(zero);
  DrawRuns(runs, writer);
  std::map<CallKey, std::vector<const CallRun*>> runs_of;
  for (const TracedRun& one : runs) runs_of[{one.run.method, one.run.arrived}].push_back(&one.run);
  Rows rows;
  for (const CallRecord& call : calls) {
    const std::size_t row = rows.Take(call.arrived, call.ended);
    const std::string status = absl::StatusCodeToString(static_cast<absl::StatusCode>(call.code));
    writer.Draw(Group::kCalls, row, ToString(call.method), call.arrived, call.ended,
                absl::StrFormat(R"("status":"%s","shed":%s,"running_ms":%.3f)", status, call.shed ? "true" : "false",
                                std::chrono::duration<double, std::milli>(call.running).count()));
    DrawInside(call, runs_of[{call.method, call.arrived}], row, writer);
  }
  writer.NameRows(Group::kCalls, rows.taken(), "call");
  return std::move(writer).Finished();
}

}  // namespace meanwhile
