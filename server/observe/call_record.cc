#include "server/observe/call_record.h"

namespace meanwhile {

std::string_view ToString(CallMethod method) {
  switch (method) {
    case CallMethod::kFetch:
      return "Fetch";
    case CallMethod::kGather:
      return "Gather";
    case CallMethod::kWatch:
      return "Watch";
    case CallMethod::kCollect:
      return "Collect";
    case CallMethod::kExchange:
      return "Exchange";
    case CallMethod::kCompute:
      return "Compute";
  }
  return "unknown";
}

std::string_view ToString(ShedReason reason) {
  switch (reason) {
    case ShedReason::kMaxInFlight:
      return "max_in_flight";
    case ShedReason::kDeadline:
      return "deadline";
    case ShedReason::kPoolQueue:
      return "pool_queue";
  }
  return "unknown";
}

}  // namespace meanwhile
