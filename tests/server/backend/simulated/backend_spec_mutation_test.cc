// Specs come from requests too, so from anybody. Here valid ones are damaged at random: none may crash the parser, and
// each that is still accepted must come back from its canonical text and be drawn from without leaving the bounds.

#include <cstddef>
#include <iterator>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "server/backend/simulated/backend_draws.h"
#include "server/backend/simulated/backend_spec.h"
#include "server/backend/simulated/random_bits.h"

namespace meanwhile {
namespace {

constexpr absl::string_view kValid[] = {
    "constant:50ms",
    "uniform:40ms,60ms,seed=7",
    "normal:50ms,5ms,fail=0.01:UNAVAILABLE",
    "lognormal:20ms,1m0.2s,capacity=100,queue=1000",
    "exponential:0.75ns,fail=1:INTERNAL,seed=18446744073709551615",
    "pareto:250us,1.5,queue=0,capacity=1",
    "bimodal:1ms,59m59.999999999s,0.05,fail=1e-300:ABORTED",
};

// What a mutation inserts. Single letters would seldom make a spec that is still accepted.
constexpr absl::string_view kTokens[] = {
    ",",   ":",   "=",  "-",    "+",      "0",       "1",         "9",      ".",      "e9",   "e-308",     "inf",
    "nan", "0x1", " ",  "ns",   "us",     "ms",      "s",         "m",      "h",      "fail", "capacity=", "queue=",
    "OK",  "\n",  "\\", "\x80", ",seed=", "normal:", ",fail=0.5", "1e-400", "999999", "0.1",  "pareto:",   "ABORTED",
};

size_t Below(size_t limit, RandomBits& bits) { return bits.Next() % limit; }

std::string Mutate(std::string text, RandomBits& bits) {
  const size_t at = Below(text.size() + 1, bits);
  switch (Below(5, bits)) {
    case 0:
      return text.insert(at, kTokens[Below(std::size(kTokens), bits)].data());
    case 1:
      return text.insert(at, 1, static_cast<char>(bits.Next()));
    case 2:
      return text.erase(at, 1 + Below(4, bits));
    case 3:
      return text.substr(0, at) + text.substr(Below(text.size() + 1, bits));
    default:
      if (at < text.size()) text[at] = static_cast<char>('0' + Below(10, bits));
      return text;
  }
}

TEST(BackendSpecMutationTest, NoTextCrashesAndEveryAcceptedOneRoundTrips) {
  constexpr int kMutations = 100'000;
  RandomBits bits(42, 0);
  int accepted = 0;
  for (int i = 0; i < kMutations; ++i) {
    std::string text(kValid[Below(std::size(kValid), bits)]);
    for (size_t mutations = 1 + Below(3, bits); mutations > 0; --mutations) text = Mutate(text, bits);

    const absl::StatusOr<BackendSpec> spec = ParseBackendSpec(text);
    if (!spec.ok()) {
      ASSERT_EQ(spec.status().code(), absl::StatusCode::kInvalidArgument) << text;
      ASSERT_TRUE(absl::StrContains(spec.status().message(), ": ")) << text;
      continue;
    }
    ++accepted;
    const std::string canonical = ToString(*spec);
    const absl::StatusOr<BackendSpec> again = ParseBackendSpec(canonical);
    ASSERT_TRUE(again.ok()) << text << ": " << again.status();
    ASSERT_EQ(*again, *spec) << text;
    ASSERT_EQ(ToString(*again), canonical) << text;

    ASSERT_GE(spec->latency.Mean(), absl::ZeroDuration()) << text;
    ASSERT_LE(spec->latency.Mean(), absl::Hours(1)) << text;
    BackendDraws draws(*spec, 0);
    for (int draw = 0; draw < 10; ++draw) {
      const absl::Duration latency = draws.Next().latency;
      ASSERT_GE(latency, absl::ZeroDuration()) << text;
      ASSERT_LE(latency, absl::Hours(1)) << text;
    }
  }
  // So that the test does not pass by refusing everything.
  EXPECT_GT(accepted, kMutations / 20);
  EXPECT_LT(accepted, kMutations);
}

}  // namespace
}  // namespace meanwhile
