// After its slots have been used, an engine allocates nothing for a call, neither with operator new nor, as nghttp2
// does, with malloc.

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>

#include "loadtest/engine/http2/http2_engine.h"
#include "tests/async/counting_allocator.h"
#include "tests/loadtest/engine/http2/scripted_server.h"

namespace meanwhile::http2 {
namespace {

// Sends a call in each slot again and again, and counts what the engine's thread allocates from one call to a later.
class CountingDriver final : public EngineDriver {
 public:
  CountingDriver(Http2Engine* engine, std::size_t slots, std::size_t warmup, std::size_t measured)
      : engine_(engine), slots_(slots), warmup_(warmup), measured_(measured) {}

  std::size_t allocations() const { return allocations_; }
  std::size_t succeeded() const { return succeeded_; }

 private:
  void OnStart() override {
    for (std::size_t slot = 0; slot < slots_; ++slot) engine_->Send(slot);
  }
  void OnCallEnded(std::size_t slot, const CallEnd& end) override {
    if (end.code == absl::StatusCode::kOk) ++succeeded_;
    ++ended_;
    if (ended_ == warmup_) before_ = Allocations();
    if (ended_ < warmup_ + measured_) {
      engine_->Send(slot);
      return;
    }
    if (ended_ > warmup_ + measured_) return;
    allocations_ = Allocations() - before_;
    engine_->Stop();
  }
  void OnTimer() override {}

  std::size_t Allocations() const { return async::AllocationsOfThisThread() + engine_->mallocs(); }

  Http2Engine* const engine_;
  const std::size_t slots_;
  const std::size_t warmup_;
  const std::size_t measured_;
  std::size_t ended_ = 0;
  std::size_t succeeded_ = 0;
  std::size_t before_ = 0;
  std::size_t allocations_ = 0;
};

TEST(Http2AllocationTest, ACallAllocatesNothingOnceItsSlotHasBeenUsed) {
  ScriptedServer server;
  Http2EngineOptions options;
  options.targets = {{*ResolveEndpoint(server.target())}};
  options.connections = 2;
  options.slots = 20;
  options.plan = RepeatedCall({"/test.Service/Method"}, {"hello"});
  options.timeout = absl::Seconds(60);
  const std::unique_ptr<Http2Engine> engine = MakeHttp2Engine(options);
  CountingDriver driver(engine.get(), options.slots, 2'000, 5'000);
  engine->Run(&driver);
  EXPECT_GT(engine->mallocs(), 0u) << "nothing was counted";
  EXPECT_EQ(driver.allocations(), 0u);
  EXPECT_GE(driver.succeeded(), 7'000u);
}

}  // namespace
}  // namespace meanwhile::http2
