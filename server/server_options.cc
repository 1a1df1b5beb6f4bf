#include "server/server_options.h"

namespace meanwhile {

const char* ToString(ModelKind model) {
  switch (model) {
    case ModelKind::kAsync:
      return "async";
    case ModelKind::kThread:
      return "thread";
  }
  return "unknown";
}

}  // namespace meanwhile
