// Mailbox: how another thread hands work to a loop. Any number of threads put items in; the loop takes them all out.
//
// The list is intrusive: an item is part of what it belongs to (a pool job, a stop request), so posting allocates
// nothing. The poster's wake-up is the expensive part, and only the poster that finds the mailbox empty has to make it.
//
// Invariants:
//  1. While the mailbox is not empty, exactly one wake-up is under way: made by the poster that found it empty, ended
//  by the
//     DeliverAll that follows the wake-up.
//  2. The loop takes items out only when that wake-up arrives. So when an item is handled, its poster is done with the
//     mailbox (it woke the loop, or found another's wake-up under way), and the mailbox may be destroyed.
//  3. Items of one poster come out in the order in which it put them in.
//
// Memory order: Put releases and DeliverAll acquires; what a poster wrote before Put, the loop sees after DeliverAll.

#ifndef MEANWHILE_ASYNC_MAILBOX_H_
#define MEANWHILE_ASYNC_MAILBOX_H_

#include <atomic>

namespace meanwhile::async {

// Derive from it and override OnDelivered. An item may be put again once it has been delivered.
class MailboxItem {
 public:
  MailboxItem() = default;
  MailboxItem(const MailboxItem&) = delete;
  MailboxItem& operator=(const MailboxItem&) = delete;

  // Called once for each Put, on the loop's thread. May destroy the item.
  virtual void OnDelivered() = 0;

 protected:
  ~MailboxItem() = default;

 private:
  friend class Mailbox;

  MailboxItem* next_ = nullptr;
};

class Mailbox {
 public:
  // Any thread. Returns true when the mailbox was empty: the caller must then wake the loop, and touch nothing of the
  // item or the mailbox afterwards.
  [[nodiscard]] bool Put(MailboxItem* item) {
    MailboxItem* newest = newest_.load(std::memory_order_relaxed);
    do {
      item->next_ = newest;
    } while (!newest_.compare_exchange_weak(newest, item, std::memory_order_release, std::memory_order_relaxed));
    return newest == nullptr;
  }

  // The loop's thread, when a wake-up has arrived. Delivers everything that is there, oldest first.
  void DeliverAll() {
    MailboxItem* item = newest_.exchange(nullptr, std::memory_order_acquire);
    MailboxItem* oldest = nullptr;
    while (item != nullptr) {
      MailboxItem* next = item->next_;
      item->next_ = oldest;
      oldest = item;
      item = next;
    }
    while (oldest != nullptr) {
      MailboxItem* delivered = oldest;
      oldest = delivered->next_;
      delivered->OnDelivered();
    }
  }

 private:
  std::atomic<MailboxItem*> newest_{nullptr};
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_MAILBOX_H_
