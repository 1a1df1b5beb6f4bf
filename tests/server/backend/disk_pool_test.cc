#include "server/backend/disk_pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <utility>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "tests/async/fake_poller.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;

// Work that a test holds in the middle.
class HeldWork {
 public:
  DiskPool::Work work() {
    return [this](const DiskPool::HasEnded& has_ended, std::string* value) -> std::optional<grpc::Status> {
      begun_.set_value();
      may_end_.get_future().wait();
      if (has_ended()) return std::nullopt;
      *value = "done";
      return grpc::Status();
    };
  }
  void WaitUntilBegun() { begun_.get_future().wait(); }
  void LetEnd() { may_end_.set_value(); }

 private:
  std::promise<void> begun_;
  std::promise<void> may_end_;
};

DiskPool::Work NoWork() {
  return [](const DiskPool::HasEnded&, std::string* value) {
    *value = "quick";
    return grpc::Status();
  };
}

DiskPool::Work FailingWork() {
  return [](const DiskPool::HasEnded&, std::string* value) {
    *value = "half";
    return grpc::Status(StatusCode::DATA_LOSS, "torn");
  };
}

// Runs work as a coroutine with a cancellation of its own, and keeps how it ended.
class Waiting {
 public:
  Waiting(async::FakeLoop& loop, DiskPool& pool, DiskPool::Work work) {
    loop.Spawn(Body(loop, pool, std::move(work), this));
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  async::CancellationSource source;
  std::optional<Waited> waited;

 private:
  static async::Task<void> Body(async::FakeLoop& loop, DiskPool& pool, DiskPool::Work work, Waiting* self) {
    co_await async::AdoptCancellation(async::CancellationToken(&self->source));
    async::Task<Waited> task = pool.Run(loop, std::move(work));
    self->waited = co_await std::move(task);
  }
};

BlockingWaitLimit NoLimit() {
  return {.deadline = std::chrono::system_clock::time_point::max(), .cancelled = [] { return false; }};
}

TEST(DiskPoolTest, GivesWhatTheWorkGives) {
  DiskPool pool("files", 1, 10);
  async::FakeLoop loop;
  Waiting good(loop, pool, NoWork());
  Waiting bad(loop, pool, FailingWork());
  loop.RunToEnd();
  EXPECT_TRUE(good.waited->ok());
  EXPECT_EQ(good.waited->value, "quick");
  EXPECT_EQ(bad.waited->status.error_message(), "torn");
  EXPECT_EQ(bad.waited->value, "");
  EXPECT_EQ(DiskPool::RunBlocking(NoLimit(), NoWork()).value, "quick");
  const Waited failed = DiskPool::RunBlocking(NoLimit(), FailingWork());
  EXPECT_EQ(failed.status.error_code(), StatusCode::DATA_LOSS);
  EXPECT_EQ(failed.value, "");
}

TEST(DiskPoolTest, RefusesWhatIsOverItsQueue) {
  DiskPool pool("files", 1, 1);
  async::FakeLoop loop;
  HeldWork held;
  Waiting running(loop, pool, held.work());
  held.WaitUntilBegun();
  Waiting queued(loop, pool, NoWork());
  Waiting refused(loop, pool, NoWork());
  ASSERT_TRUE(refused.waited);
  EXPECT_EQ(refused.waited->status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.waited->status.error_message(), "files: all 1 threads are busy and 1 waits are queued");
  held.LetEnd();
  loop.RunToEnd();
  EXPECT_EQ(running.waited->value, "done");
  EXPECT_EQ(queued.waited->value, "quick");
}

TEST(DiskPoolTest, WorkThatIsCancelledInTheQueueIsNeverBegun) {
  DiskPool pool("files", 1, 1);
  async::FakeLoop loop;
  HeldWork held;
  Waiting running(loop, pool, held.work());
  held.WaitUntilBegun();
  bool begun = false;
  Waiting queued(loop, pool, [&begun](const DiskPool::HasEnded&, std::string*) {
    begun = true;
    return grpc::Status();
  });
  queued.source.Cancel(StatusCode::DEADLINE_EXCEEDED);
  held.LetEnd();
  loop.RunToEnd();
  EXPECT_EQ(queued.waited->status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_FALSE(begun);
}

TEST(DiskPoolTest, WorkThatRunsIsToldOfTheCancellation) {
  DiskPool pool("files", 1, 1);
  async::FakeLoop loop;
  HeldWork held;
  Waiting running(loop, pool, held.work());
  held.WaitUntilBegun();
  running.source.Cancel(StatusCode::DEADLINE_EXCEEDED);
  EXPECT_FALSE(running.waited);  // Waited for.
  held.LetEnd();
  loop.RunToEnd();
  EXPECT_EQ(running.waited->status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(running.waited->value, "");
}

TEST(DiskPoolTest, WorkThatIsDoneAllTheSameCounts) {
  DiskPool pool("files", 1, 1);
  async::FakeLoop loop;
  std::promise<void> cancelled;
  std::promise<void> begun;
  Waiting running(loop, pool, [&](const DiskPool::HasEnded&, std::string*) {
    begun.set_value();
    cancelled.get_future().wait();
    return grpc::Status();
  });
  begun.get_future().wait();
  running.source.Cancel();
  cancelled.set_value();
  loop.RunToEnd();
  EXPECT_TRUE(running.waited->ok());
}

TEST(DiskPoolTest, NothingIsBegunForACoroutineThatIsCancelledAlready) {
  DiskPool pool("files", 1, 1);
  async::FakeLoop loop;
  async::CancellationSource source;
  source.Cancel();
  bool begun = false;
  std::optional<Waited> waited;
  const auto body = [&]() -> async::Task<void> {
    co_await async::AdoptCancellation(async::CancellationToken(&source));
    async::Task<Waited> task = pool.Run(loop, [&begun](const DiskPool::HasEnded&, std::string*) {
      begun = true;
      return grpc::Status();
    });
    waited = co_await std::move(task);
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(waited->status.error_code(), StatusCode::CANCELLED);
  EXPECT_FALSE(begun);
}

TEST(DiskPoolTest, ABlockedThreadsWorkIsToldOfTheLimit) {
  const auto ended = [](const DiskPool::HasEnded& has_ended, std::string*) -> std::optional<grpc::Status> {
    if (has_ended()) return std::nullopt;
    return grpc::Status();
  };
  EXPECT_TRUE(DiskPool::RunBlocking(NoLimit(), ended).ok());
  BlockingWaitLimit limit = NoLimit();
  limit.cancelled = [] { return true; };
  EXPECT_EQ(DiskPool::RunBlocking(limit, ended).status.error_code(), StatusCode::CANCELLED);
  limit.deadline = std::chrono::system_clock::now();
  EXPECT_EQ(DiskPool::RunBlocking(limit, ended).status.error_code(), StatusCode::DEADLINE_EXCEEDED);
}

}  // namespace
}  // namespace meanwhile
