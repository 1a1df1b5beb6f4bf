#include "server/health.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace meanwhile {
namespace {

constexpr std::array<std::string_view, 3> kServices = {"", "meanwhile.v1.Meanwhile", "meanwhile.v1.Admin"};

}  // namespace

grpc::Status HealthState::Check(const grpc::health::v1::HealthCheckRequest& request,
                                grpc::health::v1::HealthCheckResponse* response) const {
  if (std::find(kServices.begin(), kServices.end(), request.service()) == kServices.end()) {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "service " + request.service() + " is not served here");
  }
  response->set_status(serving_ ? grpc::health::v1::HealthCheckResponse::SERVING
                                : grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  return grpc::Status();
}

}  // namespace meanwhile
