// ModelFigures: what of a model can be watched while it serves: its loops, the methods that they serve, its pool. A
// model that has none of these leaves it out.
//
// What it points to is the model's, and readable from any thread from the model's Start to its Stop.

#ifndef MEANWHILE_SERVER_OBSERVE_MODEL_FIGURES_H_
#define MEANWHILE_SERVER_OBSERVE_MODEL_FIGURES_H_

#include <vector>

#include "async/loop_stats.h"
#include "async/served_method.h"
#include "async/thread_pool.h"

namespace meanwhile {

struct LoopFigures {
  const async::LoopStats* stats = nullptr;
  std::vector<const async::ServedMethod*> methods;
};

struct ModelFigures {
  std::vector<LoopFigures> loops;
  const async::ThreadPool* pool = nullptr;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_MODEL_FIGURES_H_
