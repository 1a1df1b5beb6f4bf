#include "server/observe/slow_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <variant>

namespace meanwhile {
namespace {

using namespace std::chrono_literals;

CallRecord Call(async::Duration queued, async::Duration waited, async::Duration ran) {
  CallRecord call{.method = CallMethod::kGather, .code = grpc::StatusCode::DEADLINE_EXCEEDED};
  call.arrived = async::TimePoint(1h);
  call.began = call.arrived + queued;
  call.ended = call.began + waited + ran;
  call.running = ran;
  return call;
}

TEST(SlowCallsTest, TellsWhereTheTimeWent) {
  const LogLine line = SlowCalls::Line(Call(3ms, 1200ms, 20'600ns));
  EXPECT_EQ(line.message, "slow call: Gather DEADLINE_EXCEEDED took 1.20302s: queued 3ms, waiting 1.2s, running 20us");
  std::map<std::string, std::variant<std::string, double>> fields;
  for (const LogField& field : line.fields) fields[field.name] = field.value;
  EXPECT_EQ(std::get<std::string>(fields["method"]), "Gather");
  EXPECT_EQ(std::get<std::string>(fields["status"]), "DEADLINE_EXCEEDED");
  EXPECT_DOUBLE_EQ(std::get<double>(fields["queued"]), 0.003);
  EXPECT_DOUBLE_EQ(std::get<double>(fields["waiting"]), 1.2);
  EXPECT_DOUBLE_EQ(std::get<double>(fields["running"]), 0.0000206);
  EXPECT_DOUBLE_EQ(std::get<double>(fields["total"]), 1.2030206);
}

TEST(SlowCallsTest, TellsOfCallsThatTookLongerThanTheBoundAlone) {
  SlowCalls slow_calls(absl::Milliseconds(100));
  testing::internal::CaptureStderr();
  slow_calls.OnCallEnded(Call(0ms, 100ms, 0ms));
  slow_calls.OnCallEnded(Call(0ms, 100ms, 1ns));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "slow call: Gather DEADLINE_EXCEEDED took 100ms: queued 0, waiting 100ms, running 0\n");
}

}  // namespace
}  // namespace meanwhile
