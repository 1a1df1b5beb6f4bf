// ServedModel: a server of a model in this process, and a connection to it.
//
// Thread: a test's.

#ifndef MEANWHILE_TESTS_SERVER_MODEL_SERVED_MODEL_H_
#define MEANWHILE_TESTS_SERVER_MODEL_SERVED_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "client/channel_pool.h"
#include "server/server.h"
#include "tests/wait_until.h"

namespace meanwhile {

// The models that serve the streaming calls, and watches of health.
inline constexpr ModelKind kStreamingModels[] = {ModelKind::kAsync, ModelKind::kCallback, ModelKind::kThread,
                                                 ModelKind::kPool};

class ServedModel {
 public:
  // Few slots, which start and stop fast, a free port, and a backend of 1 ms. The pool model has 16 threads, others 1.
  static ServerOptions SmallServer(ModelKind model);

  // `sink`, if any, is told of every call.
  explicit ServedModel(const ServerOptions& options, CallSink* sink = nullptr);
  explicit ServedModel(ModelKind model, const std::string& backend = "constant:1ms");

  Server& server() { return *server_; }
  const std::string& target() const { return server_->address(); }

  // Calls a method, of the Meanwhile service if no other is named: see tests/server/raw_call.h.
  std::string Call(const std::string& method, const std::string& request, absl::Duration timeout = kPatience);
  std::string CallBytes(const std::string& method, const std::string& bytes, absl::Duration timeout = kPatience);

  // Waits until so many calls have ended with a status on the server, whatever their clients have seen.
  bool HasFinished(const std::string& status, std::uint64_t count);
  bool HasInFlight(std::uint64_t count);

 private:
  std::unique_ptr<Server> server_;
  std::unique_ptr<ChannelPool> channels_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_SERVER_MODEL_SERVED_MODEL_H_
