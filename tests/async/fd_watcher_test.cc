#include "async/fd_watcher.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "async/event_loop.h"
#include "tests/async/fake_poller.h"

namespace meanwhile::async {
namespace {

// Two ends of a connection, both of them non-blocking.
class SocketPair {
 public:
  SocketPair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    near_ = fds[0];
    far_ = fds[1];
  }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;
  ~SocketPair() {
    close(near_);
    if (far_ >= 0) CloseFar();
  }

  int near() const { return near_; }
  int far() const { return far_; }
  void CloseFar() { close(std::exchange(far_, -1)); }

  // To the other end.
  void SendToNear() const { EXPECT_EQ(write(far(), "x", 1), 1); }
  void SendToFar() const { EXPECT_EQ(write(near(), "x", 1), 1); }

  // Until no more fits in.
  void Fill() const {
    const std::string block(4096, 'x');
    while (write(near(), block.data(), block.size()) > 0) {
    }
  }
  void Empty() const {
    std::array<char, 4096> block;
    while (read(far(), block.data(), block.size()) > 0) {
    }
  }

 private:
  int near_ = -1;
  int far_ = -1;
};

using Statuses = std::vector<grpc::StatusCode>;

Task<> WaitToRead(EventLoop& loop, FdWatcher& watcher, int fd, Statuses* statuses, CancellationToken token = {}) {
  co_await AdoptCancellation(token);
  const grpc::Status status = co_await watcher.Readable(loop, fd);
  statuses->push_back(status.error_code());
}

Task<> WaitToWrite(EventLoop& loop, FdWatcher& watcher, int fd, Statuses* statuses) {
  const grpc::Status status = co_await watcher.Writable(loop, fd);
  statuses->push_back(status.error_code());
}

TEST(FdWatcherTest, ADescriptorThatIsReadyEndsTheWaitOnTheLoopsThread) {
  FakeLoop loop;
  FdWatcher watcher;
  SocketPair sockets;
  sockets.SendToNear();
  Statuses statuses;
  std::thread::id resumed_on;
  auto body = [&]() -> Task<> {
    co_await WaitToRead(loop, watcher, sockets.near(), &statuses);
    co_await WaitToWrite(loop, watcher, sockets.near(), &statuses);
    resumed_on = std::this_thread::get_id();
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(statuses, (Statuses{grpc::StatusCode::OK, grpc::StatusCode::OK}));
  EXPECT_EQ(resumed_on, std::this_thread::get_id());
}

TEST(FdWatcherTest, ADescriptorThatBecomesReadyLaterEndsTheWaitThen) {
  FakeLoop loop;
  FdWatcher watcher;
  SocketPair sockets;
  Statuses statuses;
  std::atomic<bool> sent = false;
  bool sent_before_ready = false;
  auto body = [&]() -> Task<> {
    co_await WaitToRead(loop, watcher, sockets.near(), &statuses);
    sent_before_ready = sent;
  };
  loop.Spawn(body());
  std::thread sender([&] {
    sent = true;
    sockets.SendToNear();
  });
  loop.RunToEnd();
  sender.join();
  EXPECT_EQ(statuses, Statuses{grpc::StatusCode::OK});
  EXPECT_TRUE(sent_before_ready);
}

TEST(FdWatcherTest, AFullSocketIsWritableWhenItsOtherEndHasRead) {
  FakeLoop loop;
  FdWatcher watcher;
  SocketPair sockets;
  sockets.Fill();
  Statuses statuses;
  bool fits = false;
  auto body = [&]() -> Task<> {
    co_await WaitToWrite(loop, watcher, sockets.near(), &statuses);
    fits = write(sockets.near(), "x", 1) == 1;
  };
  loop.Spawn(body());
  std::thread reader([&] { sockets.Empty(); });
  loop.RunToEnd();
  reader.join();
  EXPECT_EQ(statuses, Statuses{grpc::StatusCode::OK});
  EXPECT_TRUE(fits);
}

TEST(FdWatcherTest, AHangUpMakesADescriptorReady) {
  FakeLoop loop;
  FdWatcher watcher;
  SocketPair sockets;
  Statuses statuses;
  loop.Spawn(WaitToRead(loop, watcher, sockets.near(), &statuses));
  sockets.CloseFar();
  loop.RunToEnd();
  EXPECT_EQ(statuses, Statuses{grpc::StatusCode::OK});
}

TEST(FdWatcherTest, AWaitIsForOnceAndTheSameDescriptorCanBeWaitedForAgain) {
  constexpr int kRounds = 1000;
  FakeLoop loop;
  FdWatcher watcher;
  SocketPair sockets;
  int received = 0;
  // Each end waits for the other's byte before it sends its own.
  auto play = [&](int fd) -> Task<> {
    for (int i = 0; i < kRounds; ++i) {
      const grpc::Status status = co_await watcher.Readable(loop, fd);
      char byte;
      if (status.ok() && read(fd, &byte, 1) == 1) ++received;
      if (write(fd, "x", 1) != 1) co_return;
    }
  };
  loop.Spawn(play(sockets.near()));
  loop.Spawn(play(sockets.far()));
  sockets.SendToNear();
  loop.RunToEnd();
  EXPECT_EQ(received, 2 * kRounds);
}

TEST(FdWatcherTest, AWaitThatIsCancelledBeforeItBeginsEndsWithItsStatus) {
  FakeLoop loop;
  FdWatcher watcher;
  SocketPair sockets;
  sockets.SendToNear();
  CancellationSource source;
  source.Cancel(grpc::StatusCode::DEADLINE_EXCEEDED);
  Statuses statuses;
  loop.Spawn(WaitToRead(loop, watcher, sockets.near(), &statuses, CancellationToken(&source)));
  EXPECT_EQ(statuses, Statuses{grpc::StatusCode::DEADLINE_EXCEEDED});
  loop.RunToEnd();
}

TEST(FdWatcherTest, AWaitThatIsCancelledEndsAtOnceAndLeavesTheDescriptorFree) {
  FakeLoop loop;
  FdWatcher watcher;
  SocketPair sockets;
  CancellationSource source;
  Statuses statuses;
  loop.Spawn(WaitToRead(loop, watcher, sockets.near(), &statuses, CancellationToken(&source)));
  source.Cancel();
  // The cancelled coroutine has not gone on yet, but its wait is over: another may have the descriptor.
  loop.Spawn(WaitToRead(loop, watcher, sockets.near(), &statuses));
  sockets.SendToNear();
  loop.RunToEnd();
  EXPECT_EQ(statuses, (Statuses{grpc::StatusCode::CANCELLED, grpc::StatusCode::OK}));
}

TEST(FdWatcherTest, ACancelAfterTheWaitHasEndedChangesNothing) {
  FakeLoop loop;
  FdWatcher watcher;
  SocketPair sockets;
  sockets.SendToNear();
  CancellationSource source;
  Statuses statuses;
  loop.Spawn(WaitToRead(loop, watcher, sockets.near(), &statuses, CancellationToken(&source)));
  loop.RunToEnd();
  source.Cancel();
  EXPECT_EQ(statuses, Statuses{grpc::StatusCode::OK});
}

// Waits to read and cancels that a moment later: the longer, the more `steps`.
Task<grpc::StatusCode> WaitToReadForAMoment(FakeLoop& loop, FdWatcher& watcher, int fd, int steps) {
  CancellationSource source;
  Statuses statuses;
  Event ended(loop);
  auto wait = [&]() -> Task<> {
    co_await WaitToRead(loop, watcher, fd, &statuses, CancellationToken(&source));
    ended.Fire();
  };
  loop.Spawn(wait());
  for (int step = 0; step < steps; ++step) co_await NextTurn(loop);
  source.Cancel();
  co_await ended;
  EXPECT_EQ(statuses.size(), 1u);
  co_return statuses[0];
}

// The cancels race with the watcher's thread, which finds the descriptor ready each time.
TEST(FdWatcherTest, ACancelThatRacesWithReadinessEndsTheWaitOnce) {
  constexpr int kRounds = 5000;
  FakeLoop loop;
  FdWatcher watcher;
  SocketPair sockets;
  sockets.SendToNear();
  int ready = 0;
  int cancelled = 0;
  auto body = [&]() -> Task<> {
    for (int i = 0; i < kRounds; ++i) {
      const grpc::StatusCode code = co_await WaitToReadForAMoment(loop, watcher, sockets.near(), i % 100);
      if (code == grpc::StatusCode::OK) ++ready;
      if (code == grpc::StatusCode::CANCELLED) ++cancelled;
    }
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(ready + cancelled, kRounds);
}

// What the kernel said of a descriptor in its last life must not end a wait in its next one.
TEST(FdWatcherTest, NewsOfACancelledWaitDoesNotEndTheNextWaitForTheSameNumber) {
  constexpr int kRounds = 5000;
  FakeLoop loop;
  FdWatcher watcher;
  int reused = 0;
  int early = 0;
  auto body = [&]() -> Task<> {
    for (int i = 0; i < kRounds; ++i) {
      int number;
      {
        SocketPair ready;
        ready.SendToNear();
        number = ready.near();
        co_await WaitToReadForAMoment(loop, watcher, number, 0);
      }
      SocketPair silent;
      if (silent.near() == number) ++reused;
      const grpc::StatusCode code = co_await WaitToReadForAMoment(loop, watcher, silent.near(), 100);
      if (code != grpc::StatusCode::CANCELLED) ++early;
    }
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_GT(reused, 0);
  EXPECT_EQ(early, 0);
}

TEST(FdWatcherTest, ManyDescriptorsEndTheirOwnWaits) {
  constexpr std::size_t kSockets = 300;
  FakeLoop loop;
  FdWatcher watcher;
  std::vector<SocketPair> sockets(kSockets);
  std::vector<std::size_t> order;
  auto body = [&](std::size_t index) -> Task<> {
    const grpc::Status status = co_await watcher.Readable(loop, sockets[index].near());
    if (status.ok()) order.push_back(index);
    // Each wakes the one before it, so the order of the ends is known.
    if (index > 0) sockets[index - 1].SendToNear();
  };
  for (std::size_t i = 0; i < kSockets; ++i) loop.Spawn(body(i));
  sockets[kSockets - 1].SendToNear();
  loop.RunToEnd();
  ASSERT_EQ(order.size(), kSockets);
  for (std::size_t i = 0; i < kSockets; ++i) EXPECT_EQ(order[i], kSockets - 1 - i);
}

TEST(FdWatcherTest, LoopsOnTwoThreadsShareAWatcher) {
  constexpr int kRounds = 2000;
  FdWatcher watcher;
  SocketPair sockets;
  // The two threads play ball, each through its own loop.
  auto play = [&](int fd, int* received, bool* stayed) {
    FakeLoop loop;
    const std::thread::id here = std::this_thread::get_id();
    auto body = [&]() -> Task<> {
      for (int i = 0; i < kRounds; ++i) {
        const grpc::Status status = co_await watcher.Readable(loop, fd);
        *stayed = *stayed && std::this_thread::get_id() == here;
        char byte;
        if (status.ok() && read(fd, &byte, 1) == 1) ++*received;
        if (write(fd, "x", 1) != 1) co_return;
      }
    };
    loop.Spawn(body());
    loop.RunToEnd();
  };
  int near_received = 0;
  int far_received = 0;
  bool near_stayed = true;
  bool far_stayed = true;
  sockets.SendToNear();
  std::thread near([&] { play(sockets.near(), &near_received, &near_stayed); });
  std::thread far([&] { play(sockets.far(), &far_received, &far_stayed); });
  near.join();
  far.join();
  EXPECT_EQ(near_received, kRounds);
  EXPECT_EQ(far_received, kRounds);
  EXPECT_TRUE(near_stayed && far_stayed);
}

TEST(FdWatcherTest, WhatTheKernelDoesNotWatchIsAnErrorThatNamesTheDescriptor) {
  FakeLoop loop;
  FdWatcher watcher;
  grpc::Status negative;
  grpc::Status file;
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  auto body = [&]() -> Task<> {
    negative = co_await watcher.Readable(loop, -1);
    file = co_await watcher.Readable(loop, fd);
  };
  loop.Spawn(body());
  loop.RunToEnd();
  close(fd);
  EXPECT_EQ(negative.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(negative.error_message(), "cannot watch descriptor -1: Bad file descriptor");
  EXPECT_EQ(file.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(file.error_message(), "cannot watch descriptor " + std::to_string(fd) + ": Operation not permitted");
}

TEST(FdWatcherTest, ASecondWaitForADescriptorIsRefusedAndTheFirstGoesOn) {
  FakeLoop loop;
  FdWatcher watcher;
  SocketPair sockets;
  Statuses statuses;
  loop.Spawn(WaitToRead(loop, watcher, sockets.near(), &statuses));
  loop.Spawn(WaitToRead(loop, watcher, sockets.near(), &statuses));
  EXPECT_EQ(statuses, Statuses{grpc::StatusCode::INTERNAL});
  sockets.SendToNear();
  loop.RunToEnd();
  EXPECT_EQ(statuses, (Statuses{grpc::StatusCode::INTERNAL, grpc::StatusCode::OK}));
}

TEST(FdWatcherTest, ADescriptorMayBeClosedAsSoonAsItsWaitHasEnded) {
  FakeLoop loop;
  FdWatcher watcher;
  Statuses statuses;
  auto body = [&]() -> Task<> {
    for (int i = 0; i < 100; ++i) {
      SocketPair sockets;
      sockets.SendToNear();
      co_await WaitToRead(loop, watcher, sockets.near(), &statuses);
    }
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(statuses, Statuses(100, grpc::StatusCode::OK));
}

TEST(FdWatcherTest, AWatcherThatWatchesNothingIsDestroyedAtOnce) {
  { const FdWatcher unused; }
  FakeLoop loop;
  SocketPair sockets;
  CancellationSource source;
  Statuses statuses;
  {
    FdWatcher used;
    loop.Spawn(WaitToRead(loop, used, sockets.near(), &statuses, CancellationToken(&source)));
    source.Cancel();
    loop.RunToEnd();
  }
  EXPECT_EQ(statuses, Statuses{grpc::StatusCode::CANCELLED});
}

}  // namespace
}  // namespace meanwhile::async
