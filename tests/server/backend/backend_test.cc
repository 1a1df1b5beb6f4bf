#include "server/backend/backend.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/async/fake_poller.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using async::FakeLoop;
using async::Task;

BackendSpec Spec(const std::string& text) { return *ParseBackendSpec(text); }

std::unique_ptr<Backend> Open(const ServerOptions& options) {
  absl::StatusOr<std::unique_ptr<Backend>> backend = Backend::Open(options);
  EXPECT_TRUE(backend.ok()) << backend.status();
  return *std::move(backend);
}

Task<> MakeWait(LoopBackend& backend, const PlannedWait& wait, Waited* ended) { *ended = co_await backend.Wait(wait); }

// Waits on the simulated clock.
Waited WaitOnALoop(Backend& backend, const PlannedWait& wait) {
  FakeLoop loop;
  LoopBackend loop_backend(&backend, &loop, /*stream=*/0);
  Waited waited;
  loop.Spawn(MakeWait(loop_backend, wait, &waited));
  loop.RunToEnd();
  return waited;
}

Waited WaitOnThisThread(Backend& backend, const PlannedWait& wait) {
  const BlockingWaitLimit limit{absl::ToChronoTime(absl::Now() + kPatience), [] { return false; }};
  return backend.WaitBlocking(limit, wait);
}

TEST(BackendTest, WaitsForItsOwnBackendUnlessARequestDescribesAnother) {
  const auto backend = Open({.backend = Spec("constant:2ms")});
  EXPECT_EQ(WaitOnALoop(*backend, OwnBackend()).elapsed, absl::Milliseconds(2));
  EXPECT_EQ(WaitOnALoop(*backend, Spec("constant:70ms")).elapsed, absl::Milliseconds(70));
  const Waited failed = WaitOnALoop(*backend, Spec("constant:1ms,fail=1:DATA_LOSS"));
  EXPECT_EQ(failed.status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_GE(WaitOnThisThread(*backend, OwnBackend()).elapsed, absl::Milliseconds(2));
  EXPECT_FALSE(WaitOnThisThread(*backend, Spec("constant:0s,fail=1:DATA_LOSS")).ok());
}

TEST(BackendTest, CutsAWaitThatARequestDescribesAtTheLongest) {
  const auto backend = Open({.backend = Spec("constant:50ms"), .max_wait = absl::Milliseconds(3)});
  const BackendSpec hour = Spec("constant:1h");
  EXPECT_EQ(WaitOnALoop(*backend, hour).elapsed, absl::Milliseconds(3));
  EXPECT_TRUE(WaitOnThisThread(*backend, hour).ok()) << "it would have taken an hour";
  EXPECT_EQ(WaitOnALoop(*backend, OwnBackend()).elapsed, absl::Milliseconds(50)) << "its own is its own affair";
}

TEST(BackendTest, EqualStreamsOfASeedDrawTheSame) {
  const auto backend = Open({.backend = Spec("exponential:50ms,seed=7")});
  const absl::Duration first = WaitOnALoop(*backend, OwnBackend()).elapsed;
  EXPECT_EQ(WaitOnALoop(*backend, OwnBackend()).elapsed, first);
}

}  // namespace
}  // namespace meanwhile
