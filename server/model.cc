#include "server/model.h"

#include "server/async_model.h"
#include "server/thread_model.h"

namespace meanwhile {

std::unique_ptr<Model> MakeModel(const ModelParts& parts) {
  switch (parts.options->model) {
    case ModelKind::kAsync:
      return std::make_unique<AsyncModel>(parts);
    case ModelKind::kThread:
      return std::make_unique<ThreadModel>(parts);
  }
  return nullptr;
}

}  // namespace meanwhile
