#include "server/observe/call_trace.h"

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

absl::Status CannotWrite(const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("--trace: ", path));
}

}  // namespace

absl::StatusOr<std::unique_ptr<CallTrace>> CallTrace::Open(const std::string& path, std::size_t calls) {
  File file(std::fopen(path.c_str(), "we"));
  if (file == nullptr) return CannotWrite(path);
  return std::unique_ptr<CallTrace>(new CallTrace(path, std::move(file), calls));
}

CallTrace::CallTrace(std::string path, File file, std::size_t calls)
    : path_(std::move(path)), file_(std::move(file)), calls_(calls), runs_(calls * kRunsForACall) {}

void CallTrace::OnCallRan(const CallRun& run) {
  const std::lock_guard lock(mutex_);
  std::size_t loop = 0;
  if (run.on_loop) loop = loops_.try_emplace(std::this_thread::get_id(), loops_.size() + 1).first->second;
  runs_.Add({.run = run, .loop = loop});
}

void CallTrace::OnCallEnded(const CallRecord& call) {
  const std::lock_guard lock(mutex_);
  calls_.Add(call);
}

absl::Status CallTrace::Write() {
  const std::lock_guard lock(mutex_);
  const std::string json = TraceJson(calls_.ones(), runs_.ones());
  const bool written = std::fwrite(json.data(), 1, json.size(), file_.get()) == json.size();
  const bool closed = std::fclose(file_.release()) == 0;
  return written && closed ? absl::OkStatus() : CannotWrite(path_);
}

}  // namespace meanwhile
