// HealthState: whether the server takes calls, as grpc.health.v1 tells it. Every model answers Health/Check and
// Health/Watch from it; gRPC's own health service is not used, because it brings a callback queue that takes
// connections away from the loops.
//
// A watch begins with the present status and goes on with each change, until its call ends or the server stops. What
// changes while a message is being sent is told by the next one; of several changes the last.
//
//   HealthState::Look look = health.LookAt(service);
//   ... send look.status unless it was the last one sent; end with StatusOfStopped() when look.stopping ...
//   health.WaitForChange(look, give_up);  // On a thread that blocks; all others Subscribe a listener.
//
// Thread: any.
//
// Invariant: a listener is subscribed, or it is told once, or Unsubscribe took it out; never two of these.

#ifndef MEANWHILE_SERVER_HEALTH_H_
#define MEANWHILE_SERVER_HEALTH_H_

#include <grpcpp/support/status.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "grpc/health/v1/health.pb.h"

namespace meanwhile {

class HealthState {
 public:
  using ServingStatus = grpc::health::v1::HealthCheckResponse::ServingStatus;

  // What a watch sees at one moment.
  struct Look {
    ServingStatus status;
    bool stopping;
    std::uint64_t version;  // Of the state; another one after each change.
  };

  // Is told that what was looked at has changed. Derive from it and override OnChange.
  class Listener {
   public:
    // Called once, on whichever thread makes the change, under HealthState's lock: so it must be brief and may not call
    // HealthState. It may hand the listener to another thread; HealthState does not touch it any more.
    virtual void OnChange() = 0;

   protected:
    ~Listener() = default;
  };

  HealthState() = default;
  HealthState(const HealthState&) = delete;
  HealthState& operator=(const HealthState&) = delete;

  void SetServing(bool serving);

  // The server stops: every watch ends, those to come too.
  void Stop();

  // Knows the server as a whole (the empty name) and its services; NOT_FOUND for any other name.
  grpc::Status Check(const grpc::health::v1::HealthCheckRequest& request,
                     grpc::health::v1::HealthCheckResponse* response) const;

  // A name that is not served has SERVICE_UNKNOWN: a watch may wait for it.
  Look LookAt(const std::string& service) const;

  // False when something has changed since `look`: look again. Otherwise the listener will be told of the next change.
  bool Subscribe(Listener* listener, const Look& look);

  // False when the listener has been told.
  bool Unsubscribe(Listener* listener);

  // Blocks until something has changed since `look`. Asks `give_up` now and then whether to go on waiting; false when
  // it was given up.
  bool WaitForChange(const Look& look, const std::function<bool()>& give_up);

  // How many watches wait for a change now.
  std::size_t watches() const;

  // What a watch ends with when the server stops: clients then try again elsewhere.
  static grpc::Status StatusOfStopped();

 private:
  void OnChanged();  // Under mutex_.

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool serving_ = false;
  bool stopping_ = false;
  std::uint64_t version_ = 0;
  std::vector<Listener*> listeners_;
  std::size_t blocked_ = 0;  // Threads in WaitForChange.
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_HEALTH_H_
