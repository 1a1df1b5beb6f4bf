#include "async/channel.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "async/event_loop.h"
#include "tests/async/fake_poller.h"

namespace meanwhile::async {
namespace {

using namespace std::chrono_literals;

class ChannelTest : public testing::Test {
 protected:
  // Sends these one after another; writes down which were sent and which were not.
  Task<> SendAll(Channel<int>& channel, std::vector<int> values, CancellationSource* source = nullptr) {
    co_await AdoptCancellation(CancellationToken(source));
    for (const int value : values) {
      const bool sent = co_await channel.Send(value);
      (sent ? sent_ : unsent_).push_back(value);
    }
  }
  // Receives until there is nothing.
  Task<> ReceiveAll(Channel<int>& channel, CancellationSource* source = nullptr) {
    co_await AdoptCancellation(CancellationToken(source));
    while (const std::optional<int> value = co_await channel.Receive()) received_.push_back(*value);
    ++ended_receivers_;
  }

  FakeLoop loop_;
  std::vector<int> sent_;
  std::vector<int> unsent_;
  std::vector<int> received_;
  int ended_receivers_ = 0;
};

// With any capacity, and whoever is first: nothing is stored, some, all.
class ChannelOfAnyCapacityTest : public ChannelTest, public testing::WithParamInterface<std::size_t> {};

TEST_P(ChannelOfAnyCapacityTest, EverythingThatIsSentIsReceivedInOrder) {
  std::vector<int> values(100);
  std::iota(values.begin(), values.end(), 0);
  for (const bool sender_is_first : {false, true}) {
    FakeLoop loop;
    Channel<int> channel(loop, GetParam());
    received_.clear();
    auto send = [&]() -> Task<> {
      co_await SendAll(channel, values);
      channel.Close();
    };
    if (sender_is_first) loop.Spawn(send());
    loop.Spawn(ReceiveAll(channel));
    if (!sender_is_first) loop.Spawn(send());
    loop.RunToEnd();
    EXPECT_EQ(received_, values);
  }
}

TEST_P(ChannelOfAnyCapacityTest, ASlowReceiverHoldsTheSender) {
  Channel<int> channel(loop_, GetParam());
  auto receive = [&]() -> Task<> {
    while (co_await channel.Receive()) {
      EXPECT_LE(channel.size(), GetParam());
      EXPECT_LE(sent_.size(), received_.size() + 1 + GetParam());
      received_.push_back(0);
      co_await loop_.SleepFor(10ms);
    }
  };
  auto send = [&]() -> Task<> {
    co_await SendAll(channel, std::vector<int>(20));
    channel.Close();
  };
  loop_.Spawn(send());
  EXPECT_EQ(sent_.size(), GetParam() < 20 ? GetParam() : 20);
  loop_.Spawn(receive());
  loop_.RunToEnd();
  EXPECT_EQ(received_.size(), 20u);
}

TEST_P(ChannelOfAnyCapacityTest, ManySendersAndReceiversLoseNothing) {
  Channel<int> channel(loop_, GetParam());
  constexpr int kSenders = 7;
  int running = kSenders;
  auto send = [&](int sender) -> Task<> {
    for (int i = 0; i < 50; ++i) {
      if (i % 3 == sender % 3) co_await NextTurn(loop_);
      EXPECT_TRUE(co_await channel.Send(1));
    }
    if (--running == 0) channel.Close();
  };
  for (int i = 0; i < 3; ++i) loop_.Spawn(ReceiveAll(channel));
  for (int i = 0; i < kSenders; ++i) loop_.Spawn(send(i));
  for (int i = 0; i < 2; ++i) loop_.Spawn(ReceiveAll(channel));
  loop_.RunToEnd();
  EXPECT_EQ(received_.size(), kSenders * 50u);
  EXPECT_EQ(ended_receivers_, 5);
}

INSTANTIATE_TEST_SUITE_P(Capacities, ChannelOfAnyCapacityTest, testing::Values(0, 1, 2, 7, 1000));

TEST_F(ChannelTest, SendersTakeTurnsInTheOrderInWhichTheyCame) {
  Channel<int> channel(loop_, 1);
  for (int i = 0; i < 5; ++i) loop_.Spawn(SendAll(channel, {i, 10 + i}));
  loop_.Spawn(ReceiveAll(channel));
  auto close = [&]() -> Task<> {
    co_await loop_.SleepFor(1ms);
    channel.Close();
  };
  loop_.Spawn(close());
  loop_.RunToEnd();
  EXPECT_EQ(received_, (std::vector{0, 10, 1, 2, 3, 4, 11, 12, 13, 14})) << "10 was sent while there was room";
}

TEST_F(ChannelTest, ReceiversTakeTurnsInTheOrderInWhichTheyCame) {
  Channel<int> channel(loop_, 1);
  std::vector<std::pair<int, int>> received;
  auto receive = [&](int who) -> Task<> {
    while (const std::optional<int> value = co_await channel.Receive()) received.emplace_back(who, *value);
  };
  for (int who = 0; who < 3; ++who) loop_.Spawn(receive(who));
  auto send = [&]() -> Task<> {
    for (int i = 0; i < 6; ++i) {
      EXPECT_TRUE(co_await channel.Send(i));
      co_await loop_.SleepFor(1ms);
    }
    channel.Close();
  };
  loop_.Spawn(send());
  loop_.RunToEnd();
  EXPECT_EQ(received, (std::vector<std::pair<int, int>>{{0, 0}, {1, 1}, {2, 2}, {0, 3}, {1, 4}, {2, 5}}));
}

TEST_F(ChannelTest, WhatWasSentBeforeCloseIsReceivedAndThenNothing) {
  Channel<int> channel(loop_, 3);
  loop_.Spawn(SendAll(channel, {1, 2, 3}));
  channel.Close();
  channel.Close();
  EXPECT_TRUE(channel.closed());
  loop_.Spawn(ReceiveAll(channel));
  EXPECT_EQ(received_, (std::vector{1, 2, 3}));
  EXPECT_EQ(ended_receivers_, 1);
  loop_.RunToEnd();
}

TEST_F(ChannelTest, CloseEndsSendsThatWaitAndThoseThatComeLater) {
  for (const std::size_t capacity : {0u, 1u}) {
    FakeLoop loop;
    Channel<int> channel(loop, capacity);
    sent_.clear();
    unsent_.clear();
    received_.clear();
    loop.Spawn(SendAll(channel, std::vector<int>(capacity, 7)));
    loop.Spawn(SendAll(channel, {1, 2}));
    loop.Spawn(SendAll(channel, {3}));
    EXPECT_TRUE(unsent_.empty());
    channel.Close();
    loop.Spawn(SendAll(channel, {4}));
    loop.Spawn(ReceiveAll(channel));
    loop.RunToEnd();
    EXPECT_EQ(unsent_, (std::vector{4, 1, 2, 3})) << "4 came last, and need not wait";
    EXPECT_EQ(received_, std::vector<int>(capacity, 7));
    EXPECT_EQ(sent_, received_);
  }
}

TEST_F(ChannelTest, CloseEndsEveryReceiveThatWaits) {
  Channel<int> channel(loop_, 1);
  for (int i = 0; i < 3; ++i) loop_.Spawn(ReceiveAll(channel));
  channel.Close();
  loop_.RunToEnd();
  EXPECT_EQ(ended_receivers_, 3);
}

TEST_F(ChannelTest, ASendThatIsCancelledWhileItWaitsWasNotSent) {
  for (const std::size_t capacity : {0u, 2u}) {
    for (int cancelled = 0; cancelled < 3; ++cancelled) {  // The first, the middle and the last of those that wait.
      FakeLoop loop;
      Channel<int> channel(loop, capacity);
      CancellationSource sources[3];
      sent_.clear();
      unsent_.clear();
      received_.clear();
      loop.Spawn(SendAll(channel, std::vector<int>(capacity, -1)));
      for (int i = 0; i < 3; ++i) loop.Spawn(SendAll(channel, {i}, &sources[i]));
      sources[cancelled].Cancel();
      auto receive = [&]() -> Task<> {
        for (std::size_t i = 0; i < capacity + 2; ++i) received_.push_back((co_await channel.Receive()).value_or(99));
      };
      loop.Spawn(receive());
      loop.RunToEnd();
      EXPECT_EQ(unsent_, std::vector{cancelled});
      EXPECT_EQ(received_, sent_);
      EXPECT_EQ(received_.size(), capacity + 2);
    }
  }
}

TEST_F(ChannelTest, AReceiveThatIsCancelledWhileItWaitsTakesNothing) {
  for (int cancelled = 0; cancelled < 3; ++cancelled) {
    FakeLoop loop;
    Channel<int> channel(loop, 1);
    CancellationSource sources[3];
    std::vector<int> got;
    std::vector<int> none;
    auto receive = [&](int who) -> Task<> {
      co_await AdoptCancellation(CancellationToken(&sources[who]));
      const std::optional<int> value = co_await channel.Receive();
      (value ? got : none).push_back(who);
    };
    for (int who = 0; who < 3; ++who) loop.Spawn(receive(who));
    sources[cancelled].Cancel();
    loop.Spawn(SendAll(channel, {1, 2}));
    loop.RunToEnd();
    EXPECT_EQ(none, std::vector{cancelled});
    EXPECT_EQ(got.size(), 2u);
    EXPECT_EQ(channel.size(), 0u);
  }
}

TEST_F(ChannelTest, AReceiverThatIsCancelledAfterItWasGivenAValueHasIt) {
  Channel<int> channel(loop_, 1);
  CancellationSource source;
  loop_.Spawn(ReceiveAll(channel, &source));
  loop_.Spawn(SendAll(channel, {1, 2}));
  source.Cancel();  // The receiver has not gone on yet.
  loop_.RunToEnd();
  EXPECT_EQ(received_, std::vector{1});
  EXPECT_EQ(sent_, (std::vector{1, 2}));
  EXPECT_EQ(channel.size(), 1u) << "the second was not taken, and is still there";
}

TEST_F(ChannelTest, ASenderThatIsCancelledAfterItsValueWasTakenHasSentIt) {
  Channel<int> channel(loop_, 0);
  CancellationSource source;
  loop_.Spawn(SendAll(channel, {1, 2}, &source));
  auto receive = [&]() -> Task<> {
    received_.push_back((co_await channel.Receive()).value_or(99));
    source.Cancel();  // The sender has not gone on yet.
  };
  loop_.Spawn(receive());
  loop_.RunToEnd();
  EXPECT_EQ(sent_, std::vector{1});
  EXPECT_EQ(unsent_, std::vector{2});
  EXPECT_EQ(received_, std::vector{1});
}

TEST_F(ChannelTest, ACoroutineThatIsCancelledAlreadyNeitherSendsNorReceives) {
  Channel<int> channel(loop_, 2);
  CancellationSource source;
  source.Cancel();
  loop_.Spawn(SendAll(channel, {1}));
  loop_.Spawn(SendAll(channel, {2}, &source));
  loop_.Spawn(ReceiveAll(channel, &source));
  EXPECT_EQ(unsent_, std::vector{2});
  EXPECT_EQ(ended_receivers_, 1);
  EXPECT_EQ(channel.size(), 1u);
  loop_.RunToEnd();
}

TEST_F(ChannelTest, ValuesThatCanOnlyBeMovedAreMovedAndThoseLeftBehindAreFreed) {
  auto channel = std::make_unique<Channel<std::unique_ptr<int>>>(loop_, 2);
  std::unique_ptr<int> received;
  auto body = [&]() -> Task<> {
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(co_await channel->Send(std::make_unique<int>(i)));
    received = *co_await channel->Receive();
  };
  loop_.Spawn(body());
  ASSERT_NE(received, nullptr);
  EXPECT_EQ(*received, 0);
  EXPECT_EQ(channel->size(), 1u);
  channel.reset();
  loop_.RunToEnd();
}

}  // namespace
}  // namespace meanwhile::async
