#include "server/model/gathered_waits.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/proto_duration.h"

namespace meanwhile {

GatheredWaits::GatheredWaits(const v1::GatherRequest& request)
    : at_once_(request.mode() == v1::GatherRequest::AT_ONCE || request.mode() == v1::GatherRequest::FIRST_OF),
      first_of_(request.mode() == v1::GatherRequest::FIRST_OF),
      waits_(request.waits_size()) {}

bool GatheredWaits::Add(std::size_t index, Waited waited) {
  const bool ok = waited.ok();
  const bool too_late = first_.has_value();
  if (first_of_ && ok && !too_late) first_ = index;
  if (first_of_ ? too_late : value_bytes_ > kMaxValueBytes) waited.value.clear();  // It will not be sent.
  value_bytes_ += waited.value.size();
  if (!ok && IsNearerTheCause(index, waited.status.error_code())) failure_ = index;
  waits_[index] = std::move(waited);
  return first_of_ ? !first_.has_value() : ok && value_bytes_ <= kMaxValueBytes;
}

grpc::Status GatheredWaits::Answer(absl::Duration elapsed, v1::GatherResponse* response) {
  if (value_bytes_ > kMaxValueBytes) {
    return grpc::Status(
        grpc::StatusCode::OUT_OF_RANGE,
        absl::StrCat("values: ", value_bytes_, " bytes or more together: must be at most ", kMaxValueBytes));
  }
  if (!first_) {
    if (failure_) return waits_[*failure_].status;
  }
  for (Waited& waited : waits_) {
    ToProto(waited.elapsed, response->add_waited());
    if (!first_) response->add_values(std::move(waited.value));
  }
  if (first_) {
    response->set_first(static_cast<std::uint32_t>(*first_));
    response->add_values(std::move(waits_[*first_].value));
  }
  ToProto(elapsed, response->mutable_elapsed());
  return grpc::Status();
}

bool GatheredWaits::IsNearerTheCause(std::size_t index, grpc::StatusCode code) const {
  if (!failure_) return true;
  const bool is_cancelled = code == grpc::StatusCode::CANCELLED;
  const bool was_cancelled = waits_[*failure_].status.error_code() == grpc::StatusCode::CANCELLED;
  if (is_cancelled != was_cancelled) return was_cancelled;
  return first_of_ && index < *failure_;
}

}  // namespace meanwhile
