// Log: what the server has to say, one line an event, on stderr.
//
//   Log(LogLevel::kInfo, "serving", absl::StrCat("serving on ", address), {{"address", address}});
//
// A line has a sentence for people, which is all that the format `text` shows, and an event's name and fields for
// programs, which the format `json` adds: see proto/meanwhile/v1/log.proto.
//
// Who logs is not held up by whoever reads: lines go through a bounded queue to a thread that writes them, and what
// finds the queue full is dropped and counted (log_writer.h). Of one event at most ten lines are written a second; how
// many more there were is told when the second is over.
//
// Before a ServerLog is made, and in programs without one, lines are written at once, as text.
//
// Thread: any.

#ifndef MEANWHILE_SERVER_OBSERVE_LOG_H_
#define MEANWHILE_SERVER_OBSERVE_LOG_H_

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"

namespace meanwhile {

enum class LogFormat { kText, kJson };
enum class LogLevel { kDebug, kInfo, kWarning, kError };
inline constexpr LogLevel kAllLogLevels[] = {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError};

// `text`, `json`; `debug`, `info`, `warning`, `error`.
const char* ToString(LogFormat format);
const char* ToString(LogLevel level);

struct LogOptions {
  LogFormat format = LogFormat::kText;
  // Lines below it are not written.
  LogLevel level = LogLevel::kInfo;
};

struct LogField {
  std::string name;
  std::variant<std::string, double> value;
};

struct LogLine {
  // A sentence without its end.
  std::string message;
  std::vector<LogField> fields;
};

void Log(LogLevel level, std::string_view event, std::string message, std::vector<LogField> fields = {});

// `compose` is called only if the line is written.
void Log(LogLevel level, std::string_view event, absl::FunctionRef<LogLine()> compose);

// While one exists, lines are written as its options say, and gRPC's and protobuf's own messages with them. Made once,
// by main, after signals are blocked: it starts a thread.
class ServerLog {
 public:
  explicit ServerLog(const LogOptions& options);
  ServerLog(const ServerLog&) = delete;
  ServerLog& operator=(const ServerLog&) = delete;
  // Writes what is queued; gives up when nobody has read for a second.
  ~ServerLog();
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_LOG_H_
