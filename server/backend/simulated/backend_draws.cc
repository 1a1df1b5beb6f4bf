#include "server/backend/simulated/backend_draws.h"

#include <random>

namespace meanwhile {
namespace {

uint64_t RandomSeed() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

}  // namespace

BackendDraws::BackendDraws(const BackendSpec& spec, uint64_t stream)
    : spec_(spec), bits_(spec.seed.has_value() ? *spec.seed : RandomSeed(), stream) {
  if (const LatencyTrace* trace = spec.latency.trace()) place_ = bits_.Next() % trace->size();
}

BackendDraw BackendDraws::Next() {
  BackendDraw draw = Next(spec_);
  if (const LatencyTrace* trace = spec_.latency.trace()) {
    draw.latency = trace->at(place_);
    place_ = (place_ + 1) % trace->size();
  }
  return draw;
}

BackendDraw BackendDraws::Next(const BackendSpec& requested) {
  const absl::Duration latency = requested.latency.Draw(bits_);
  // Drawn even when nothing fails, so that a failure rate does not change the latencies that follow.
  const bool fails = bits_.NextFraction() < requested.fail_rate;
  return {latency, fails ? requested.fail_status : absl::StatusCode::kOk};
}

}  // namespace meanwhile
