#include "server/model/service_rules.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace meanwhile {
namespace {

constexpr std::size_t kMaxPayloadBytes = 1 << 20;
constexpr int kMaxWaits = 100;
constexpr std::uint64_t kMaxRounds = 1'000'000'000;
constexpr std::uint64_t kRoundsBetweenLooks = 1 << 20;  // About a millisecond.

grpc::Status Invalid(absl::string_view message) {
  return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, std::string(message));
}

// Is it what google/protobuf/duration.proto calls valid?
bool IsValid(const google::protobuf::Duration& duration) {
  constexpr std::int64_t kMaxSeconds = 315'576'000'000;
  if (duration.seconds() < -kMaxSeconds || duration.seconds() > kMaxSeconds) return false;
  if (duration.nanos() < -999'999'999 || duration.nanos() > 999'999'999) return false;
  return duration.seconds() == 0 || duration.nanos() == 0 || (duration.seconds() < 0) == (duration.nanos() < 0);
}

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

void ToProto(absl::Duration duration, google::protobuf::Duration* proto) {
  proto->set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto->set_nanos(static_cast<std::int32_t>(absl::ToInt64Nanoseconds(duration)));
}

bool HasUnknownField(const google::protobuf::Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}

}  // namespace

grpc::Status ServiceRules::CheckWait(const v1::Wait& wait, const std::function<std::string()>& field,
                                     RequestedWait* checked) const {
  if (!wait.has_simulated()) {
    checked->reset();
    if (HasUnknownField(wait)) return Invalid(absl::StrCat(field(), ": a kind that this server does not know"));
    return grpc::Status();
  }
  const v1::SimulatedWait& simulated = wait.simulated();
  switch (simulated.latency_case()) {
    case v1::SimulatedWait::kConstant: {
      const auto name = [&] { return absl::StrCat(field(), ".simulated.constant"); };
      if (!IsValid(simulated.constant())) return Invalid(absl::StrCat(name(), ": not a valid duration"));
      const absl::Duration latency = FromProto(simulated.constant());
      if (latency < absl::ZeroDuration() || latency > max_wait_) {
        return Invalid(absl::StrCat(name(), "=", absl::FormatDuration(latency), ": must be from 0 to ",
                                    absl::FormatDuration(max_wait_)));
      }
      *checked = BackendSpec{.latency = LatencyDistribution::Constant(latency)};
      return grpc::Status();
    }
    case v1::SimulatedWait::kSpec: {
      const auto name = [&] { return absl::StrCat(field(), ".simulated.spec"); };
      absl::StatusOr<BackendSpec> spec = ParseRequestedSpec(simulated.spec());
      if (!spec.ok()) return Invalid(absl::StrCat(name(), ": ", spec.status().message()));
      if (spec->latency.Mean() > max_wait_) {
        return Invalid(absl::StrCat(name(), "=", simulated.spec(), ": its mean must be at most ",
                                    absl::FormatDuration(max_wait_)));
      }
      *checked = *std::move(spec);
      return grpc::Status();
    }
    case v1::SimulatedWait::LATENCY_NOT_SET:
      break;
  }
  return Invalid(absl::StrCat(field(), ".simulated: needs constant or spec"));
}

grpc::Status ServiceRules::Check(const v1::FetchRequest& request, RequestedWait* wait) const {
  if (request.payload().size() > kMaxPayloadBytes) {
    return Invalid(absl::StrCat("payload: ", request.payload().size(), " bytes: must be at most ", kMaxPayloadBytes));
  }
  return CheckWait(
      request.wait(), [] { return std::string("wait"); }, wait);
}

grpc::Status ServiceRules::Check(const v1::GatherRequest& request, std::vector<RequestedWait>* waits) const {
  if (!v1::GatherRequest::Mode_IsValid(request.mode())) {
    return Invalid(absl::StrCat("mode=", static_cast<int>(request.mode()), ": must be IN_SEQUENCE or AT_ONCE"));
  }
  if (request.waits_size() < 1 || request.waits_size() > kMaxWaits) {
    return Invalid(absl::StrCat("waits: ", request.waits_size(), " of them: must be from 1 to ", kMaxWaits));
  }
  waits->resize(request.waits_size());
  for (int i = 0; i < request.waits_size(); ++i) {
    const grpc::Status status = CheckWait(
        request.waits(i), [i] { return absl::StrCat("waits[", i, "]"); }, &(*waits)[i]);
    if (!status.ok()) return status;
  }
  return grpc::Status();
}

grpc::Status ServiceRules::Check(const v1::ComputeRequest& request) const {
  if (request.rounds() < 1 || request.rounds() > kMaxRounds) {
    return Invalid(absl::StrCat("rounds=", request.rounds(), ": must be from 1 to ", kMaxRounds));
  }
  return grpc::Status();
}

BackendDraw ServiceRules::Draw(const RequestedWait& wait, BackendDraws& draws) const {
  if (!wait) return draws.Next();
  BackendDraw draw = draws.Next(*wait);
  draw.latency = std::min(draw.latency, max_wait_);
  return draw;
}

void ServiceRules::Answer(const v1::FetchRequest& request, const Waited& waited, v1::FetchResponse* response) {
  response->set_payload(request.payload());
  ToProto(waited.elapsed, response->mutable_waited());
}

void ServiceRules::Answer(const std::vector<Waited>& waits, absl::Duration elapsed, v1::GatherResponse* response) {
  for (const Waited& waited : waits) ToProto(waited.elapsed, response->add_waited());
  ToProto(elapsed, response->mutable_elapsed());
}

grpc::Status ServiceRules::StatusOf(const std::vector<Waited>& waits) {
  const Waited* failed = nullptr;
  for (const Waited& waited : waits) {
    if (waited.ok()) continue;
    if (waited.status.error_code() != grpc::StatusCode::CANCELLED) return waited.status;
    if (failed == nullptr) failed = &waited;
  }
  return failed == nullptr ? grpc::Status() : failed->status;
}

grpc::Status ServiceRules::Compute(const v1::ComputeRequest& request, const std::function<bool()>& cancelled,
                                   v1::ComputeResponse* response) {
  // xorshift64* (G. Marsaglia 2003, S. Vigna 2016): each round needs the one before, so nothing can skip any. 0 would
  // stay 0.
  std::uint64_t state = request.seed() == 0 ? 0x9e3779b97f4a7c15 : request.seed();
  for (std::uint64_t round = 0; round < request.rounds(); ++round) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    if ((round + 1) % kRoundsBetweenLooks == 0 && cancelled()) {
      return grpc::Status(grpc::StatusCode::CANCELLED, "cancelled while computing");
    }
  }
  response->set_digest(state * 0x2545f4914f6cdd1d);
  return grpc::Status();
}

}  // namespace meanwhile
