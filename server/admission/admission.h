// Admission: which calls are served and which are shed. Every model asks it before it runs a handler, and tells it when
// the handler has returned:
//
//   grpc::Status status = admission.TryAdmit(&call, least);
//   if (status.ok()) {
//     status = handler(...);
//     admission.OnReturned(&call, status.error_code(), held);
//   }
//
// A call is shed when its deadline cannot be met any more (DEADLINE_EXCEEDED), or when all places are taken
// (RESOURCE_EXHAUSTED). Whatever ends with RESOURCE_EXHAUSTED, here or because something is used up that may be free
// later (a queue, threads, the disk), tells the client when to try again, in the trailing metadata
// `grpc-retry-pushback-ms`, which gRPC's own retries obey. So what no retry can help, such as values that are too
// large, ends with another status.
//
// A shed call is answered at once. Not to take it (not to arm, not to read) would only move it into a queue inside
// gRPC, which has no bound and which nobody sees.
//
// Calls of health and Admin are not asked about: whoever wants to know how a full server does gets an answer.
//
// Owned by the server; outlives its handlers. Thread: any.

#ifndef MEANWHILE_SERVER_ADMISSION_ADMISSION_H_
#define MEANWHILE_SERVER_ADMISSION_ADMISSION_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <cstddef>

#include "absl/functional/function_ref.h"
#include "async/timer_queue.h"
#include "server/admission/places.h"
#include "server/admission/retry_hint.h"
#include "server/observe/call_record.h"

namespace meanwhile {

class Admission {
 public:
  using SystemTime = std::chrono::system_clock::time_point;

  // `max_in_flight` handlers at a time; 0: no bound. `usual_time` is how long a call may be expected to take.
  Admission(std::size_t max_in_flight, async::Duration usual_time) : places_(max_in_flight), hint_(usual_time) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // In less time a call cannot succeed. Asked only of a call that has a deadline.
  using LeastTime = absl::FunctionRef<async::Duration()>;

  // Before the handler of `call` is run. OK: the call holds a place until OnReturned. Otherwise it ends with this
  // status.
  grpc::Status TryAdmit(grpc::ServerContextBase* call, LeastTime least);

  // The handler has returned, or was not run after all; the response has not been sent, so that a client that has it
  // finds the place free. `held`: since TryAdmit.
  void OnReturned(grpc::ServerContextBase* call, grpc::StatusCode code, async::Duration held);

  // OK, or DEADLINE_EXCEEDED when less than `least` is left.
  static grpc::Status CheckDeadline(SystemTime deadline, SystemTime now, async::Duration least);
  // The same for a call that waited for a thread after it was admitted: it keeps its place.
  static grpc::Status CheckDeadline(const grpc::ServerContextBase& call, LeastTime least);

  // Why TryAdmit answered with `code`.
  static ShedReason ReasonOf(grpc::StatusCode code);

 private:
  void AddRetryHint(grpc::ServerContextBase* call);

  Places places_;
  RetryHint hint_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_ADMISSION_ADMISSION_H_
