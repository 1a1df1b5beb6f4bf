#include "loadtest/run/server_sampler.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/client/test_server.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

TEST(ServerSamplerTest, TellsWhatTheServerUsesUntilItIsGone) {
  auto server = std::make_unique<TestServer>();
  const ServerSampler sampler(server->target(), {}, absl::Milliseconds(50));
  EXPECT_TRUE(WaitUntil([&] { return sampler.Latest().has_value(); }));
  server.reset();
  EXPECT_TRUE(WaitUntil([&] { return !sampler.Latest().has_value(); }));
}

TEST(ServerSamplerTest, TellsNothingOfAServerThatDoesNotAnswer) {
  const ServerSampler sampler("unix:/nobody/listens/here", {}, absl::Milliseconds(1));
  EXPECT_FALSE(sampler.Latest().has_value());
}

}  // namespace
}  // namespace meanwhile
