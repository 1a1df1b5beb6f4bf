#include "server/model/model.h"

#include "server/model/async_model.h"
#include "server/model/callback_model.h"
#include "server/model/pool_model.h"
#include "server/model/thread_model.h"

namespace meanwhile {

std::unique_ptr<Model> MakeModel(const ModelParts& parts) {
  switch (parts.options->model) {
    case ModelKind::kAsync:
      return std::make_unique<AsyncModel>(parts);
    case ModelKind::kCallback:
      return std::make_unique<CallbackModel>(parts);
    case ModelKind::kThread:
      return std::make_unique<ThreadModel>(parts);
    case ModelKind::kPool:
      return std::make_unique<PoolModel>(parts);
  }
  return nullptr;
}

}  // namespace meanwhile
