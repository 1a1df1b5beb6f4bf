#include "server/admission/admission.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace meanwhile {

grpc::Status Admission::TryAdmit(grpc::ServerContextBase* call, LeastTime least) {
  // The deadline first: it takes no place.
  if (grpc::Status status = CheckDeadline(*call, least); !status.ok()) return status;
  if (places_.TryTake()) return grpc::Status();
  AddRetryHint(call);
  return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                      absl::StrCat("the server is full: ", places_.count(), " calls are in flight"));
}

void Admission::OnReturned(grpc::ServerContextBase* call, grpc::StatusCode code, async::Duration held) {
  places_.GiveBack();
  hint_.OnHeld(held);
  if (code == grpc::StatusCode::RESOURCE_EXHAUSTED) AddRetryHint(call);
}

grpc::Status Admission::CheckDeadline(SystemTime deadline, SystemTime now, async::Duration least) {
  if (deadline - now > least) return grpc::Status();
  if (deadline <= now) {
    return grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "the deadline had passed before the call was begun");
  }
  return grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED,
                      absl::StrCat("the deadline leaves ", absl::FormatDuration(absl::FromChrono(deadline - now)),
                                   ", and the call takes at least ", absl::FormatDuration(absl::FromChrono(least))));
}

grpc::Status Admission::CheckDeadline(const grpc::ServerContextBase& call, LeastTime least) {
  const SystemTime deadline = call.deadline();
  if (deadline == SystemTime::max()) return grpc::Status();  // None.
  return CheckDeadline(deadline, std::chrono::system_clock::now(), least());
}

ShedReason Admission::ReasonOf(grpc::StatusCode code) {
  return code == grpc::StatusCode::DEADLINE_EXCEEDED ? ShedReason::kDeadline : ShedReason::kMaxInFlight;
}

void Admission::AddRetryHint(grpc::ServerContextBase* call) {
  call->AddTrailingMetadata("grpc-retry-pushback-ms", std::to_string(hint_.Next().count()));
}

}  // namespace meanwhile
