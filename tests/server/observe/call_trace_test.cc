#include "server/observe/call_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

using async::TimePoint;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

std::string Content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(LastOnesTest, KeepsTheLast) {
  LastOnes<int> last(3);
  last.Add(1);
  last.Add(2);
  EXPECT_THAT(last.ones(), UnorderedElementsAre(1, 2));
  for (int i = 3; i <= 8; ++i) last.Add(i);
  EXPECT_THAT(last.ones(), UnorderedElementsAre(6, 7, 8));
}

TEST(CallTraceTest, DrawsTheLastCallsAndNumbersTheLoops) {
  const std::string path = absl::StrCat(testing::TempDir(), "/trace.json");
  auto trace = CallTrace::Open(path, 3);
  ASSERT_TRUE(trace.ok()) << trace.status();
  // Each loop is a thread.
  std::vector<std::thread> loops;
  for (int loop = 0; loop < 2; ++loop) {
    loops.emplace_back([&, loop] {
      const TimePoint arrived(milliseconds(1000 + loop));
      (*trace)->OnCallRan({CallMethod::kWatch, arrived, arrived, arrived + milliseconds(2), /*on_loop=*/true});
      (*trace)->OnCallEnded({.method = CallMethod::kWatch, .arrived = arrived, .began = arrived, .ended = arrived});
    });
  }
  for (std::thread& loop : loops) loop.join();
  const TimePoint later(milliseconds(2000));
  (*trace)->OnCallEnded({.method = CallMethod::kGather,
                         .code = grpc::StatusCode::CANCELLED,
                         .arrived = later,
                         .began = later,
                         .ended = later});
  EXPECT_TRUE((*trace)->Write().ok());
  const std::string json = Content(path);
  EXPECT_THAT(json, HasSubstr(R"({"ph":"M","pid":1,"tid":2,"name":"thread_name")"));
  EXPECT_THAT(json, Not(HasSubstr(R"({"ph":"M","pid":1,"tid":3,"name":"thread_name")")));
  EXPECT_THAT(json, HasSubstr(R"("name":"Gather")"));
  EXPECT_THAT(json, HasSubstr(R"("status":"CANCELLED")"));
}

TEST(CallTraceTest, AFileThatCannotBeMadeIsAnErrorThatNamesTheFlag) {
  EXPECT_EQ(CallTrace::Open("/nowhere/file", 1).status().message(),
            "--trace: /nowhere/file: No such file or directory");
}

TEST(CallTraceTest, AFullDiskIsAnError) {
  auto trace = CallTrace::Open("/dev/full", 1);
  ASSERT_TRUE(trace.ok()) << trace.status();
  EXPECT_EQ((*trace)->Write().message(), "--trace: /dev/full: No space left on device");
}

}  // namespace
}  // namespace meanwhile
