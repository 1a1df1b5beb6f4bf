#include "async/mailbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace meanwhile::async {
namespace {

class Letter final : public MailboxItem {
 public:
  Letter(std::vector<Letter*>* delivered, int producer, int number)
      : producer(producer), number(number), delivered_(delivered) {}
  void OnDelivered() override { delivered_->push_back(this); }

  const int producer;
  const int number;

 private:
  std::vector<Letter*>* delivered_;
};

TEST(MailboxTest, OnlyThePosterThatFindsItEmptyHasToWake) {
  Mailbox mailbox;
  std::vector<Letter*> delivered;
  Letter first(&delivered, 0, 0), second(&delivered, 0, 1);
  EXPECT_TRUE(mailbox.Put(&first));
  EXPECT_FALSE(mailbox.Put(&second));
  mailbox.DeliverAll();
  EXPECT_EQ(delivered, (std::vector<Letter*>{&first, &second}));
  EXPECT_TRUE(mailbox.Put(&first)) << "it is empty again";
  mailbox.DeliverAll();
  EXPECT_EQ(delivered.size(), 3u);
}

TEST(MailboxTest, AnEmptyMailboxDeliversNothing) {
  Mailbox mailbox;
  mailbox.DeliverAll();
}

// An item that is put again in its own delivery waits for the next one: it neither gets lost nor keeps the loop busy.
TEST(MailboxTest, AnItemPutInADeliveryComesWithTheNext) {
  class Returning final : public MailboxItem {
   public:
    explicit Returning(Mailbox* mailbox) : mailbox_(mailbox) {}
    void OnDelivered() override {
      ++delivered;
      must_wake = mailbox_->Put(this);
    }
    int delivered = 0;
    bool must_wake = false;

   private:
    Mailbox* mailbox_;
  };
  Mailbox mailbox;
  Returning item(&mailbox);
  EXPECT_TRUE(mailbox.Put(&item));
  mailbox.DeliverAll();
  EXPECT_EQ(item.delivered, 1);
  EXPECT_TRUE(item.must_wake);
  mailbox.DeliverAll();
  EXPECT_EQ(item.delivered, 2);
}

TEST(MailboxTest, AnItemMayBeDestroyedWhenItIsDelivered) {
  class Fleeting final : public MailboxItem {
   public:
    explicit Fleeting(int* delivered) : delivered_(delivered) {}
    void OnDelivered() override {
      ++*delivered_;
      delete this;
    }

   private:
    int* delivered_;
  };
  Mailbox mailbox;
  int delivered = 0;
  (void)mailbox.Put(new Fleeting(&delivered));
  (void)mailbox.Put(new Fleeting(&delivered));
  mailbox.DeliverAll();
  EXPECT_EQ(delivered, 2);
}

TEST(MailboxTest, ManyProducersDeliverEachItemOnceInTheirOwnOrder) {
  constexpr int kProducers = 4;
  constexpr int kItems = 20'000;
  Mailbox mailbox;
  std::mutex mutex;
  std::condition_variable woken;
  int wakes_under_way = 0;
  int most_wakes_under_way = 0;

  std::vector<Letter*> delivered;
  std::vector<std::deque<Letter>> letters(kProducers);
  std::vector<std::thread> producers;
  for (int producer = 0; producer < kProducers; ++producer) {
    producers.emplace_back([&, producer] {
      for (int number = 0; number < kItems; ++number) {
        Letter& letter = letters[producer].emplace_back(&delivered, producer, number);
        if (!mailbox.Put(&letter)) continue;
        const std::lock_guard lock(mutex);
        most_wakes_under_way = std::max(most_wakes_under_way, ++wakes_under_way);
        woken.notify_one();
      }
    });
  }
  while (delivered.size() < kProducers * kItems) {
    {
      std::unique_lock lock(mutex);
      woken.wait(lock, [&] { return wakes_under_way > 0; });
      --wakes_under_way;
    }
    mailbox.DeliverAll();
  }
  for (std::thread& producer : producers) producer.join();

  EXPECT_EQ(delivered.size(), kProducers * kItems);
  EXPECT_EQ(most_wakes_under_way, 1);
  EXPECT_EQ(wakes_under_way, 0);
  std::vector<int> next(kProducers, 0);
  for (const Letter* letter : delivered) ASSERT_EQ(letter->number, next[letter->producer]++);
}

}  // namespace
}  // namespace meanwhile::async
