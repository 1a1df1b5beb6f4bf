// Model: how a server maps calls to threads. Each model serves the same services with the same rules; they differ in
// what a call that waits costs.
//
// Thread: the server's, in this order: Register, Start, Stop.

#ifndef MEANWHILE_SERVER_MODEL_MODEL_H_
#define MEANWHILE_SERVER_MODEL_MODEL_H_

#include <grpcpp/server_builder.h>

#include <memory>

#include "async/in_flight_calls.h"
#include "server/admission/admission.h"
#include "server/backend/backend.h"
#include "server/health.h"
#include "server/model/service_rules.h"
#include "server/observe/model_figures.h"
#include "server/observe/server_stats.h"
#include "server/server_options.h"

namespace meanwhile {

// What every model works with. All of it outlives the model.
struct ModelParts {
  const ServerOptions* options;
  const ServiceRules* rules;
  Backend* backend;
  Admission* admission;
  ServerStats* stats;
  HealthState* health;
  async::InFlightCalls* in_flight;
};

class Model {
 public:
  virtual ~Model() = default;

  // Adds services and queues to a server that is about to be built.
  virtual void Register(grpc::ServerBuilder* builder) = 0;

  // The server has been built and started: takes calls from now on.
  virtual void Start() = 0;

  // What can be watched of it, from Start to Stop.
  virtual ModelFigures Figures() const = 0;

  // After Server::Shutdown has returned: returns when every handler has.
  virtual void Stop() = 0;
};

// The model that `parts.options->model` names.
std::unique_ptr<Model> MakeModel(const ModelParts& parts);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_MODEL_H_
