#include "server/server_options.h"

namespace meanwhile {

const char* ToString(ModelKind model) {
  switch (model) {
    case ModelKind::kAsync:
      return "async";
    case ModelKind::kCallback:
      return "callback";
    case ModelKind::kThread:
      return "thread";
    case ModelKind::kPool:
      return "pool";
  }
  return "unknown";
}

}  // namespace meanwhile
