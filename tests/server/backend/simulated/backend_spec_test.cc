#include "server/backend/simulated/backend_spec.h"

#include <string>

#include "gtest/gtest.h"

namespace meanwhile {
namespace {

BackendSpec Parsed(const std::string& text) {
  const absl::StatusOr<BackendSpec> spec = ParseBackendSpec(text);
  EXPECT_TRUE(spec.ok()) << spec.status();
  return *spec;
}

TEST(BackendSpecTest, ADistributionAloneNeverFailsAndHasNoLimits) {
  const BackendSpec spec = Parsed("constant:50ms");
  EXPECT_EQ(spec.latency.Mean(), absl::Milliseconds(50));
  EXPECT_EQ(spec.fail_rate, 0);
  EXPECT_EQ(spec.capacity, std::nullopt);
  EXPECT_EQ(spec.queue, std::nullopt);
  EXPECT_EQ(spec.seed, std::nullopt);
}

TEST(BackendSpecTest, ReadsEveryOption) {
  const BackendSpec spec = Parsed("normal:50ms,5ms,fail=0.01:DEADLINE_EXCEEDED,capacity=100,queue=1000,seed=7");
  EXPECT_EQ(spec.latency, *LatencyDistribution::Parse("normal:50ms,5ms"));
  EXPECT_EQ(spec.fail_rate, 0.01);
  EXPECT_EQ(spec.fail_status, absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(spec.capacity, 100u);
  EXPECT_EQ(spec.queue, 1000u);
  EXPECT_EQ(spec.seed, 7u);
}

TEST(BackendSpecTest, OptionsComeInAnyOrder) {
  EXPECT_EQ(Parsed("constant:1ms,seed=7,queue=0,fail=1,capacity=1"),
            Parsed("constant:1ms,fail=1,capacity=1,queue=0,seed=7"));
}

TEST(BackendSpecTest, AFailureWithoutAStatusIsUnavailable) {
  EXPECT_EQ(Parsed("constant:1ms,fail=0.5").fail_status, absl::StatusCode::kUnavailable);
}

TEST(BackendSpecTest, BoundsThemselvesAreAccepted) {
  for (const std::string text : {
           "constant:0",
           "constant:1h",
           "uniform:1h,1h",
           "normal:1h,1h",
           "lognormal:1ns,1h",
           "pareto:1ns,1.000001",
           "pareto:1h,1000",
           "bimodal:0,1h,0",
           "bimodal:0,1h,1",
           "constant:1ms,fail=0",
           "constant:1ms,fail=1:UNAUTHENTICATED",
           "constant:1ms,capacity=1,queue=0,seed=0",
           "constant:1ms,capacity=1000000,queue=1000000,seed=18446744073709551615",
       }) {
    EXPECT_TRUE(ParseBackendSpec(text).ok()) << ParseBackendSpec(text).status();
  }
}

TEST(BackendSpecTest, ToStringIsCanonicalAndParsesToTheSame) {
  struct Case {
    std::string text;
    std::string canonical;
  };
  const Case cases[] = {
      {"constant:50ms", "constant:50ms"},
      {"constant:0.05s", "constant:50ms"},
      {"constant:0ms", "constant:0"},
      {"constant:1500ms", "constant:1.5s"},
      {"constant:0.25ns", "constant:0.25ns"},
      {"uniform:250us,+1m30.000000001s", "uniform:250us,1m30.000000001s"},
      {"pareto:10ms,2.50", "pareto:10ms,2.5"},
      {"bimodal:1ms,1s,-0", "bimodal:1ms,1s,0"},
      {"bimodal:1ms,1s,0.1000000000000000055", "bimodal:1ms,1s,0.1"},
      {"constant:1ms,fail=0", "constant:1ms"},
      {"constant:1ms,fail=0.5", "constant:1ms,fail=0.5:UNAVAILABLE"},
      {"constant:1ms,fail=0:INTERNAL", "constant:1ms,fail=0:INTERNAL"},
      {"constant:1ms,fail=0.00001:INTERNAL", "constant:1ms,fail=1e-05:INTERNAL"},
      {"constant:1ms,seed=007,queue=1,capacity=2,fail=1:ABORTED",
       "constant:1ms,fail=1:ABORTED,capacity=2,queue=1,seed=7"},
  };
  for (const Case& c : cases) {
    const BackendSpec spec = Parsed(c.text);
    EXPECT_EQ(ToString(spec), c.canonical);
    EXPECT_EQ(Parsed(ToString(spec)), spec) << c.text;
  }
}

TEST(BackendSpecTest, ErrorsNameTheTextThePartAndTheBound) {
  constexpr char kDistributions[] =
      ": unknown distribution, must be one of constant, uniform, normal, lognormal, exponential, pareto, bimodal, "
      "trace";
  constexpr char kOptions[] = ": unknown option, must be one of fail=RATE:STATUS, capacity=N, queue=M, seed=S";
  constexpr char kStatuses[] =
      ": STATUS must be one of CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, "
      "PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, "
      "UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED";
  struct Case {
    std::string text;
    std::string error;
  };
  const Case cases[] = {
      {"", std::string(kDistributions)},
      {"gamma", std::string("gamma") + kDistributions},
      {"gamma:50ms", std::string("gamma:50ms: gamma") + kDistributions},
      {"Normal:50ms,5ms", std::string("Normal:50ms,5ms: Normal") + kDistributions},
      {"fail=0.1", std::string("fail=0.1") + kDistributions},
      {"g\n\x1b[31m", std::string("g\\n\\033[31m") + kDistributions},
      {std::string(257, 'x'), "257 characters: must be at most 256"},

      {"constant", "constant: needs LATENCY"},
      {"constant:1ms,2ms", "constant:1ms,2ms: needs LATENCY"},
      {"uniform:50ms", "uniform:50ms: needs LOW,HIGH"},
      {"normal:50ms", "normal:50ms: needs MEAN,STDDEV"},
      {"normal:50ms,seed=1", "normal:50ms,seed=1: normal:50ms: needs MEAN,STDDEV"},
      {"lognormal:50ms", "lognormal:50ms: needs MEDIAN,P99"},
      {"exponential", "exponential: needs MEAN"},
      {"pareto:50ms", "pareto:50ms: needs SCALE,SHAPE"},
      {"bimodal:1ms,2ms", "bimodal:1ms,2ms: needs LOW,HIGH,SHARE"},

      {"constant:", "constant:: LATENCY=: must be a time such as 50ms or 1.5s"},
      {"constant:50", "constant:50: LATENCY=50: must be a time such as 50ms or 1.5s"},
      {"constant:fast", "constant:fast: LATENCY=fast: must be a time such as 50ms or 1.5s"},
      {"constant:-1ns", "constant:-1ns: LATENCY=-1ns: must be from 0 to 1h"},
      {"constant:inf", "constant:inf: LATENCY=inf: must be from 0 to 1h"},
      {"constant:-inf", "constant:-inf: LATENCY=-inf: must be from 0 to 1h"},
      {"constant:1h1ns", "constant:1h1ns: LATENCY=1h1ns: must be from 0 to 1h"},
      {"uniform:-1ms,-2ms", "uniform:-1ms,-2ms: LOW=-1ms: must be from 0 to 1h"},
      {"uniform:60ms,40ms", "uniform:60ms,40ms: HIGH=40ms: must be from LOW (60ms) to 1h"},
      {"normal:2h,5ms", "normal:2h,5ms: MEAN=2h: must be from 0 to 1h"},
      {"normal:50ms,-5ms", "normal:50ms,-5ms: STDDEV=-5ms: must be from 0 to 1h"},
      {"lognormal:0,5ms", "lognormal:0,5ms: MEDIAN=0: must be from 1ns to 1h"},
      {"lognormal:6ms,5ms", "lognormal:6ms,5ms: P99=5ms: must be from MEDIAN (6ms) to 1h"},
      {"exponential:2h", "exponential:2h: MEAN=2h: must be from 0 to 1h"},
      {"pareto:0,2", "pareto:0,2: SCALE=0: must be from 1ns to 1h"},
      {"pareto:1ms,1", "pareto:1ms,1: SHAPE=1: must be over 1, where the mean is infinite, and up to 1000"},
      {"pareto:1ms,nan", "pareto:1ms,nan: SHAPE=nan: must be over 1, where the mean is infinite, and up to 1000"},
      {"pareto:1ms,1001", "pareto:1ms,1001: SHAPE=1001: must be over 1, where the mean is infinite, and up to 1000"},
      {"bimodal:2ms,1ms,0.5", "bimodal:2ms,1ms,0.5: HIGH=1ms: must be from LOW (2ms) to 1h"},
      {"bimodal:1ms,2ms,1.1", "bimodal:1ms,2ms,1.1: SHARE=1.1: must be from 0 to 1"},
      {"bimodal:1ms,2ms,nan", "bimodal:1ms,2ms,nan: SHARE=nan: must be from 0 to 1"},

      {"constant:1ms,fail=1.5", "constant:1ms,fail=1.5: fail=1.5: must be from 0 to 1"},
      {"constant:1ms,fail=-0.1", "constant:1ms,fail=-0.1: fail=-0.1: must be from 0 to 1"},
      {"constant:1ms,fail=nan", "constant:1ms,fail=nan: fail=nan: must be from 0 to 1"},
      {"constant:1ms,fail=", "constant:1ms,fail=: fail=: must be from 0 to 1"},
      {"constant:1ms,fail=:INTERNAL", "constant:1ms,fail=:INTERNAL: fail=: must be from 0 to 1"},
      {"constant:1ms,fail=1:", std::string("constant:1ms,fail=1:: fail=1:") + kStatuses},
      {"constant:1ms,fail=1:OK", std::string("constant:1ms,fail=1:OK: fail=1:OK") + kStatuses},
      {"constant:1ms,fail=1:BAD", std::string("constant:1ms,fail=1:BAD: fail=1:BAD") + kStatuses},
      {"constant:1ms,capacity=0", "constant:1ms,capacity=0: capacity=0: must be from 1 to 1000000"},
      {"constant:1ms,capacity=1000001", "constant:1ms,capacity=1000001: capacity=1000001: must be from 1 to 1000000"},
      {"constant:1ms,capacity=4294967297",
       "constant:1ms,capacity=4294967297: capacity=4294967297: must be from 1 to 1000000"},
      {"constant:1ms,capacity=1,queue=-1", "constant:1ms,capacity=1,queue=-1: queue=-1: must be from 0 to 1000000"},
      {"constant:1ms,capacity=1,queue=1000001",
       "constant:1ms,capacity=1,queue=1000001: queue=1000001: must be from 0 to 1000000"},
      {"constant:1ms,queue=5", "constant:1ms,queue=5: queue=5: needs capacity=N"},
      {"constant:1ms,seed=-1", "constant:1ms,seed=-1: seed=-1: must be from 0 to 18446744073709551615"},
      {"constant:1ms,seed=18446744073709551616",
       "constant:1ms,seed=18446744073709551616: seed=18446744073709551616: must be from 0 to 18446744073709551615"},
      {"constant:1ms,seed=1,seed=2", "constant:1ms,seed=1,seed=2: seed: given twice"},
      {"constant:1ms,sede=1", std::string("constant:1ms,sede=1: sede") + kOptions},
      {"constant:1ms,seed=1,5ms", std::string("constant:1ms,seed=1,5ms: 5ms") + kOptions},
      {"constant:1ms,seed=1,", std::string("constant:1ms,seed=1,: ") + kOptions},
  };
  for (const Case& c : cases) {
    const absl::StatusOr<BackendSpec> spec = ParseBackendSpec(c.text);
    ASSERT_FALSE(spec.ok()) << c.text;
    EXPECT_EQ(spec.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(spec.status().message(), c.error);
  }
}

TEST(BackendSpecTest, ARequestDescribesTheWaitButNotTheBackend) {
  EXPECT_EQ(*ParseRequestedSpec("constant:1ms,fail=0.5"), Parsed("constant:1ms,fail=0.5"));
  const auto error = [](const std::string& text) { return std::string(ParseRequestedSpec(text).status().message()); };
  EXPECT_EQ(error("normal:1ms"), "normal:1ms: needs MEAN,STDDEV");
  EXPECT_EQ(error("constant:1ms,capacity=1"),
            "constant:1ms,capacity=1: capacity: belongs to the backend of the server, not to a request");
  EXPECT_EQ(error("constant:1ms,seed=1"),
            "constant:1ms,seed=1: seed: belongs to the backend of the server, not to a request");
}

}  // namespace
}  // namespace meanwhile
