// CallTrace: keeps the last calls as they went, and writes them to a file when the server stops: --trace=FILE. What the
// file shows is told in trace_file.h.
//
// Recording takes a lock for each run and each end of a call, so a traced server is a little slower. One that is not
// traced has no CallTrace.
//
// Owned by the server. Thread: any, except Write, which comes after the last call.

#ifndef MEANWHILE_SERVER_OBSERVE_CALL_TRACE_H_
#define MEANWHILE_SERVER_OBSERVE_CALL_TRACE_H_

#include <cstddef>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/observe/call_record.h"
#include "server/observe/trace_file.h"

namespace meanwhile {

// The last so many of what was added.
template <typename T>
class LastOnes {
 public:
  explicit LastOnes(std::size_t most) : most_(most) {}

  void Add(const T& one) {
    if (ones_.size() < most_) {
      ones_.push_back(one);
    } else {
      ones_[next_] = one;
      next_ = (next_ + 1) % most_;
    }
  }

  // In no certain order.
  const std::vector<T>& ones() const { return ones_; }

 private:
  const std::size_t most_;
  std::size_t next_ = 0;  // Once full, the oldest.
  std::vector<T> ones_;
};

class CallTrace final : public CallSink {
 public:
  // Creates the file, or empties it, so that one that cannot be written is known at once: the error names --trace.
  // `calls` is how many are kept.
  static absl::StatusOr<std::unique_ptr<CallTrace>> Open(const std::string& path, std::size_t calls);

  void OnCallRan(const CallRun& run) override;
  void OnCallEnded(const CallRecord& call) override;

  // Once. The error names --trace.
  absl::Status Write();

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, CloseFile>;

  CallTrace(std::string path, File file, std::size_t calls);

  // Runs kept for each call. Unary calls have two or three; of long streams the end is seen.
  static constexpr std::size_t kRunsForACall = 8;

  const std::string path_;
  File file_;
  std::mutex mutex_;
  LastOnes<CallRecord> calls_;
  LastOnes<TracedRun> runs_;
  std::map<std::thread::id, std::size_t> loops_;  // By their threads, numbered as they come.
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_CALL_TRACE_H_
