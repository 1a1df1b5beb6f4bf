#include "server/observe/log.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/observe/log_entry.h"
#include "server/observe/log_writer.h"

namespace meanwhile {
namespace {

constexpr std::chrono::seconds kPatienceAtTheEnd(1);

// Never deleted: threads of gRPC's may log until the process ends.
std::atomic<LogWriter*> writer = nullptr;

std::string BaseName(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash != nullptr ? slash + 1 : path;
}

void LogForGrpc(gpr_log_func_args* message) {
  const LogLevel level = message->severity == GPR_LOG_SEVERITY_DEBUG  ? LogLevel::kDebug
                         : message->severity == GPR_LOG_SEVERITY_INFO ? LogLevel::kInfo
                                                                      : LogLevel::kError;
  Log(level, "grpc", [message] {
    return LogLine{absl::StrCat("gRPC: ", BaseName(message->file), ":", message->line, ": ", message->message), {}};
  });
}

void LogForProtobuf(google::protobuf::LogLevel severity, const char* file, int line, const std::string& message) {
  const LogLevel level = severity == google::protobuf::LOGLEVEL_INFO      ? LogLevel::kInfo
                         : severity == google::protobuf::LOGLEVEL_WARNING ? LogLevel::kWarning
                                                                          : LogLevel::kError;
  Log(level, "protobuf", [&] {
    return LogLine{absl::StrCat("protobuf: ", BaseName(file), ":", line, ": ", message), {}};
  });
}

}  // namespace

const char* ToString(LogFormat format) { return format == LogFormat::kText ? "text" : "json"; }

const char* ToString(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

void Log(LogLevel level, std::string_view event, std::string message, std::vector<LogField> fields) {
  Log(level, event, [&] { return LogLine{std::move(message), std::move(fields)}; });
}

void Log(LogLevel level, std::string_view event, absl::FunctionRef<LogLine()> compose) {
  LogWriter* const log = writer.load(std::memory_order_acquire);
  if (log != nullptr) {
    if (!log->Admits(level, event)) return;
    log->Write({.time = absl::Now(), .level = level, .event = std::string(event), .line = compose()});
  } else if (level >= LogOptions().level) {
    const std::string line = FormatLogEntry(LogFormat::kText, {absl::Now(), level, std::string(event), compose()});
    [[maybe_unused]] const ssize_t size = write(STDERR_FILENO, line.data(), line.size());
  }
}

ServerLog::ServerLog(const LogOptions& options) {
  writer.store(new LogWriter(options, STDERR_FILENO), std::memory_order_release);
  gpr_set_log_function(&LogForGrpc);
  google::protobuf::SetLogHandler(&LogForProtobuf);
}

ServerLog::~ServerLog() { writer.load()->Flush(kPatienceAtTheEnd); }

}  // namespace meanwhile
