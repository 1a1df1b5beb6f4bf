// LogEntry: one line of the log before it is a line, and how it becomes one. A plain value.

#ifndef MEANWHILE_SERVER_OBSERVE_LOG_ENTRY_H_
#define MEANWHILE_SERVER_OBSERVE_LOG_ENTRY_H_

#include <string>

#include "absl/time/time.h"
#include "server/observe/log.h"

namespace meanwhile {

struct LogEntry {
  absl::Time time;
  LogLevel level = LogLevel::kInfo;
  std::string event;
  LogLine line;
};

// Ends with a newline and has no other: control characters are escaped, and bytes that are not UTF-8 replaced.
std::string FormatLogEntry(LogFormat format, const LogEntry& entry);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_LOG_ENTRY_H_
