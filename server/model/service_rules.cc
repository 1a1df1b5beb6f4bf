#include "server/model/service_rules.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/proto_duration.h"
#include "server/backend/database/value_bound.h"
#include "server/backend/remote/hops.h"

namespace meanwhile {
namespace {

constexpr std::size_t kMaxPayloadBytes = 1 << 20;
constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr std::size_t kMaxPathBytes = 1024;
constexpr std::size_t kMaxKeyBytes = 256;
constexpr int kMaxWaits = 100;
constexpr std::uint32_t kMaxItems = 1'000'000;
constexpr std::uint64_t kMaxRounds = 1'000'000'000;
constexpr std::uint64_t kRoundsBetweenLooks = 1 << 20;  // About a millisecond.
constexpr double kHopeless = 1e-6;                      // So few waits are shorter: a call need not try.

grpc::Status Invalid(absl::string_view message) {
  return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, std::string(message));
}

// `size` is of the field that `name()` names.
grpc::Status CheckSize(std::size_t size, std::size_t least, std::size_t most,
                       const std::function<std::string()>& name) {
  if (size >= least && size <= most) return grpc::Status();
  const std::string bound = least == 0 ? absl::StrCat("at most ", most) : absl::StrCat("from ", least, " to ", most);
  return Invalid(absl::StrCat(name(), ": ", size, " bytes: must be ", bound));
}

bool HasUnknownField(const google::protobuf::Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}

// The kinds of waits that are the same here and on another server.

grpc::Status CheckBounds(const v1::FileReadWait& wait, const std::function<std::string()>& field) {
  const auto path = [&] { return absl::StrCat(field(), ".file_read.path"); };
  if (grpc::Status status = CheckSize(wait.path().size(), 1, kMaxPathBytes, path); !status.ok()) return status;
  if (wait.length() > kMaxFileBytes) {
    return Invalid(absl::StrCat(field(), ".file_read.length=", wait.length(), ": must be at most ", kMaxFileBytes));
  }
  return grpc::Status();
}

grpc::Status CheckBounds(const v1::FileWriteWait& wait, const std::function<std::string()>& field) {
  const auto path = [&] { return absl::StrCat(field(), ".file_write.path"); };
  if (grpc::Status status = CheckSize(wait.path().size(), 1, kMaxPathBytes, path); !status.ok()) return status;
  return CheckSize(wait.content().size(), 0, kMaxFileBytes,
                   [&] { return absl::StrCat(field(), ".file_write.content"); });
}

grpc::Status CheckBounds(const v1::QueryWait& wait, const std::function<std::string()>& field) {
  switch (wait.statement_case()) {
    case v1::QueryWait::kRead:
      return CheckSize(wait.read().size(), 1, kMaxKeyBytes, [&] { return absl::StrCat(field(), ".query.read"); });
    case v1::QueryWait::kStore: {
      const auto key = [&] { return absl::StrCat(field(), ".query.store.key"); };
      if (grpc::Status status = CheckSize(wait.store().key().size(), 1, kMaxKeyBytes, key); !status.ok()) return status;
      return CheckSize(wait.store().value().size(), 0, kMaxStoredBytes,
                       [&] { return absl::StrCat(field(), ".query.store.value"); });
    }
    case v1::QueryWait::STATEMENT_NOT_SET:
      break;
  }
  return Invalid(absl::StrCat(field(), ".query: needs read or store"));
}

grpc::Status CheckHops(std::uint32_t hops, const std::function<std::string()>& field) {
  if (hops <= kMaxHops) return grpc::Status();
  return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION,
                      absl::StrCat(field(), ".remote: hop ", hops, " of the call: must be at most ", kMaxHops));
}

}  // namespace

ServiceRules::ServiceRules(const ServerOptions& options)
    : max_wait_(options.max_wait),
      least_wait_(absl::ToChronoNanoseconds(options.backend.latency.Quantile(kHopeless))),
      has_data_dir_(!options.data_dir.empty()),
      has_remote_(!options.remote.empty()) {}

grpc::Status ServiceRules::Plan(const v1::Wait& wait, const grpc::ServerContextBase& call, const FieldName& field,
                                PlannedWait* planned) const {
  const auto needs = [&](absl::string_view kind, absl::string_view flag) {
    return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION,
                        absl::StrCat(field(), ".", kind, ": this server runs without ", flag));
  };
  switch (wait.kind_case()) {
    case v1::Wait::kSimulated:
      return PlanSimulated(wait.simulated(), field, planned);
    case v1::Wait::kFileRead:
      if (!has_data_dir_) return needs("file_read", "--data-dir");
      *planned = &wait.file_read();
      return CheckBounds(wait.file_read(), field);
    case v1::Wait::kFileWrite:
      if (!has_data_dir_) return needs("file_write", "--data-dir");
      *planned = &wait.file_write();
      return CheckBounds(wait.file_write(), field);
    case v1::Wait::kQuery:
      *planned = &wait.query();
      return CheckBounds(wait.query(), field);
    case v1::Wait::kRemote:
      if (!has_remote_) return needs("remote", "--remote");
      return PlanRemote(wait.remote(), call, field, planned);
    case v1::Wait::KIND_NOT_SET:
      break;
  }
  *planned = OwnBackend();
  if (HasUnknownField(wait)) return Invalid(absl::StrCat(field(), ": a kind that this server does not know"));
  return grpc::Status();
}

grpc::Status ServiceRules::PlanSimulated(const v1::SimulatedWait& wait, const FieldName& field,
                                         PlannedWait* planned) const {
  switch (wait.latency_case()) {
    case v1::SimulatedWait::kConstant: {
      const auto name = [&] { return absl::StrCat(field(), ".simulated.constant"); };
      if (!IsValid(wait.constant())) return Invalid(absl::StrCat(name(), ": not a valid duration"));
      const absl::Duration latency = FromProto(wait.constant());
      if (latency < absl::ZeroDuration() || latency > max_wait_) {
        return Invalid(absl::StrCat(name(), "=", absl::FormatDuration(latency), ": must be from 0 to ",
                                    absl::FormatDuration(max_wait_)));
      }
      *planned = BackendSpec{.latency = LatencyDistribution::Constant(latency)};
      return grpc::Status();
    }
    case v1::SimulatedWait::kSpec: {
      const auto name = [&] { return absl::StrCat(field(), ".simulated.spec"); };
      absl::StatusOr<BackendSpec> spec = ParseRequestedSpec(wait.spec());
      if (!spec.ok()) return Invalid(absl::StrCat(name(), ": ", spec.status().message()));
      if (spec->latency.Mean() > max_wait_) {
        return Invalid(
            absl::StrCat(name(), "=", wait.spec(), ": its mean must be at most ", absl::FormatDuration(max_wait_)));
      }
      *planned = *std::move(spec);
      return grpc::Status();
    }
    case v1::SimulatedWait::LATENCY_NOT_SET:
      break;
  }
  return Invalid(absl::StrCat(field(), ".simulated: needs constant or spec"));
}

grpc::Status ServiceRules::PlanRemote(const v1::RemoteWait& wait, const grpc::ServerContextBase& call,
                                      const FieldName& field, PlannedWait* planned) const {
  const absl::StatusOr<std::uint32_t> came_through = HopsOf(call);
  if (!came_through.ok()) return Invalid(came_through.status().message());
  const std::uint32_t hops = *came_through + 1;
  if (grpc::Status status = CheckHops(hops, field); !status.ok()) return status;
  *planned = RemoteCall{.wait = &wait, .deadline = call.deadline(), .hops = hops};
  return CheckElsewhere(wait.wait(), hops, [&] { return absl::StrCat(field(), ".remote.wait"); });
}

grpc::Status ServiceRules::CheckElsewhere(const v1::Wait& wait, std::uint32_t hops, const FieldName& field) const {
  switch (wait.kind_case()) {
    case v1::Wait::kSimulated: {
      PlannedWait planned;
      return PlanSimulated(wait.simulated(), field, &planned);
    }
    case v1::Wait::kFileRead:
      return CheckBounds(wait.file_read(), field);
    case v1::Wait::kFileWrite:
      return CheckBounds(wait.file_write(), field);
    case v1::Wait::kQuery:
      return CheckBounds(wait.query(), field);
    case v1::Wait::kRemote:
      if (grpc::Status status = CheckHops(hops + 1, field); !status.ok()) return status;
      return CheckElsewhere(wait.remote().wait(), hops + 1, [&] { return absl::StrCat(field(), ".remote.wait"); });
    case v1::Wait::KIND_NOT_SET:
      break;
  }
  return grpc::Status();  // The other server may know kinds that this one does not.
}

grpc::Status ServiceRules::CheckPayloadAndWait(const std::string& payload, const v1::Wait& wait,
                                               const grpc::ServerContextBase& call, PlannedWait* planned) const {
  if (grpc::Status status = CheckSize(payload.size(), 0, kMaxPayloadBytes, [] { return std::string("payload"); });
      !status.ok()) {
    return status;
  }
  return Plan(
      wait, call, [] { return std::string("wait"); }, planned);
}

grpc::Status ServiceRules::Check(const v1::FetchRequest& request, const grpc::ServerContextBase& call,
                                 PlannedWait* wait) const {
  return CheckPayloadAndWait(request.payload(), request.wait(), call, wait);
}

grpc::Status ServiceRules::Check(const v1::WatchRequest& request, const grpc::ServerContextBase& call,
                                 PlannedWait* wait) const {
  if (request.count() < 1 || request.count() > kMaxItems) {
    return Invalid(absl::StrCat("count=", request.count(), ": must be from 1 to ", kMaxItems));
  }
  return CheckPayloadAndWait(request.payload(), request.wait(), call, wait);
}

grpc::Status ServiceRules::Check(const v1::CollectRequest& request, const grpc::ServerContextBase& call,
                                 PlannedWait* wait) const {
  return CheckPayloadAndWait(request.payload(), request.wait(), call, wait);
}

grpc::Status ServiceRules::Check(const v1::ExchangeRequest& request, const grpc::ServerContextBase& call,
                                 PlannedWait* wait) const {
  return CheckPayloadAndWait(request.payload(), request.wait(), call, wait);
}

grpc::Status ServiceRules::Check(const v1::GatherRequest& request, const grpc::ServerContextBase& call,
                                 std::vector<PlannedWait>* waits) const {
  if (!v1::GatherRequest::Mode_IsValid(request.mode())) {
    return Invalid(
        absl::StrCat("mode=", static_cast<int>(request.mode()), ": must be IN_SEQUENCE, AT_ONCE or FIRST_OF"));
  }
  if (request.waits_size() < 1 || request.waits_size() > kMaxWaits) {
    return Invalid(absl::StrCat("waits: ", request.waits_size(), " of them: must be from 1 to ", kMaxWaits));
  }
  waits->resize(request.waits_size());
  for (int i = 0; i < request.waits_size(); ++i) {
    const grpc::Status status = Plan(
        request.waits(i), call, [i] { return absl::StrCat("waits[", i, "]"); }, &(*waits)[i]);
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

async::Duration ServiceRules::LeastTime(CallMethod method, const google::protobuf::Message* request) const {
  switch (method) {
    case CallMethod::kFetch:
      return LeastTime(static_cast<const v1::FetchRequest*>(request)->wait());
    case CallMethod::kGather:
      return LeastTime(*static_cast<const v1::GatherRequest*>(request));
    case CallMethod::kWatch:
      // Of the first item: the client has its use of those that come before its deadline.
      return LeastTime(static_cast<const v1::WatchRequest*>(request)->wait());
    case CallMethod::kCollect:
    case CallMethod::kExchange:
    case CallMethod::kCompute:
      break;
  }
  return async::Duration::zero();
}

async::Duration ServiceRules::LeastTime(const v1::GatherRequest& request) const {
  async::Duration sum{}, longest{}, shortest = async::Duration::max();
  for (const v1::Wait& wait : request.waits()) {
    const async::Duration least = LeastTime(wait);
    sum += least;
    longest = std::max(longest, least);
    shortest = std::min(shortest, least);
  }
  if (request.mode() == v1::GatherRequest::AT_ONCE) return longest;
  return request.mode() == v1::GatherRequest::FIRST_OF && request.waits_size() > 0 ? shortest : sum;
}

// A wait that the rules refuse takes no time, so that its call is told why. A specification is not looked into: to
// parse it a second time would cost each call more than the few that are shed save.
async::Duration ServiceRules::LeastTime(const v1::Wait& wait) const {
  if (wait.kind_case() == v1::Wait::KIND_NOT_SET) return least_wait_;
  if (!wait.simulated().has_constant() || !IsValid(wait.simulated().constant())) return async::Duration::zero();
  const absl::Duration latency = FromProto(wait.simulated().constant());
  if (latency < absl::ZeroDuration() || latency > max_wait_) return async::Duration::zero();
  return absl::ToChronoNanoseconds(latency);
}

void ServiceRules::Answer(const v1::FetchRequest& request, Waited waited, v1::FetchResponse* response) {
  response->set_payload(request.payload());
  ToProto(waited.elapsed, response->mutable_waited());
  if (!waited.value.empty()) response->set_value(std::move(waited.value));
}

void ServiceRules::Answer(const v1::WatchRequest& request, std::uint32_t index, const Waited& waited,
                          v1::WatchResponse* response) {
  response->set_index(index);
  response->set_payload(request.payload());
  ToProto(waited.elapsed, response->mutable_waited());
}

void ServiceRules::Answer(const v1::ExchangeRequest& request, const Waited& waited, v1::ExchangeResponse* response) {
  response->set_payload(request.payload());
  ToProto(waited.elapsed, response->mutable_waited());
}

void ServiceRules::Add(const v1::CollectRequest& request, const Waited& waited, v1::CollectResponse* response) {
  response->set_count(response->count() + 1);
  response->set_bytes(response->bytes() + request.payload().size());
  ToProto(FromProto(response->waited()) + waited.elapsed, response->mutable_waited());
}

grpc::Status ServiceRules::Compute(const v1::ComputeRequest& request,
                                   const std::function<grpc::StatusCode()>& reason_of_end,
                                   v1::ComputeResponse* response) {
  // xorshift64* (G. Marsaglia 2003, S. Vigna 2016): each round needs the one before, so nothing can skip any. 0 would
  // stay 0.
  std::uint64_t state = request.seed() == 0 ? 0x9e3779b97f4a7c15 : request.seed();
  for (std::uint64_t round = 0; round < request.rounds(); ++round) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    if ((round + 1) % kRoundsBetweenLooks != 0) continue;
    if (const grpc::StatusCode reason = reason_of_end(); reason != grpc::StatusCode::OK) {
      const bool expired = reason == grpc::StatusCode::DEADLINE_EXCEEDED;
      return grpc::Status(reason, expired ? "deadline exceeded while computing" : "cancelled while computing");
    }
  }
  response->set_digest(state * 0x2545f4914f6cdd1d);
  return grpc::Status();
}

}  // namespace meanwhile
