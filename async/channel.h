// Channel: a bounded queue of values between coroutines of one loop.
//
//   Channel<Order> orders(loop, /*capacity=*/16);
//   if (!co_await orders.Send(order)) ...                         // Nobody takes it any more.
//   orders.Close();                                               // There are no more.
//   while (std::optional<Order> order = co_await orders.Receive()) ...  // Until it is closed and empty.
//
// Back-pressure: a Send waits while the channel is full, so whoever receives slowly holds whoever sends. With capacity
// 0 nothing is stored: a Send waits until a Receive takes its value.
//
// Order: values come out in the order in which their Sends began, and go to Receives in the order in which those began.
// Any number of coroutines may send and receive.
//
// Close, by either side: what was sent is still received, then Receive gives nothing. Sends that wait or come later
// give false: their values were not sent.
//
// Cancellation loses nothing: Send gives true when its value is in the channel or with a receiver, and false when it is
// not, cancelled or not. A Receive that was given a value has it; one that is cancelled while it waits has taken none.
// A coroutine that is cancelled already neither sends nor receives.
//
// Thread: the loop's. No lock; memory is allocated once, for `capacity` values. Lifetime: the channel outlives whoever
// waits for it. Values that are left in it are destroyed with it.
//
// Invariants:
//  1. While a Receive waits, nothing is stored, no Send waits and the channel is open.
//  2. While a Send waits, the channel is full and open.

#ifndef MEANWHILE_ASYNC_CHANNEL_H_
#define MEANWHILE_ASYNC_CHANNEL_H_

#include <coroutine>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "async/event_loop.h"
#include "async/task.h"
#include "async/wait_list.h"

namespace meanwhile::async {

// `T` can be move-constructed.
template <typename T>
class Channel {
 public:
  class SendAwaiter final : private internal::Waiter {
   public:
    SendAwaiter(Channel* channel, T value) : channel_(channel), value_(std::move(value)) {}

    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> caller) {
      if (internal::TokenOf(caller).cancelled() || channel_->closed_) return false;
      sent_ = channel_->TrySend(value_);
      if (!sent_) channel_->senders_.Add(this, caller);
      return !sent_;
    }
    [[nodiscard]] bool await_resume() const noexcept { return sent_; }

   private:
    friend class Channel;
    friend class internal::WaitList<SendAwaiter>;

    Channel* channel_;
    T value_;
    bool sent_ = false;
  };

  class ReceiveAwaiter final : private internal::Waiter {
   public:
    explicit ReceiveAwaiter(Channel* channel) : channel_(channel) {}

    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> caller) {
      if (internal::TokenOf(caller).cancelled()) return false;
      channel_->TryReceive(value_);
      if (value_ || channel_->closed_) return false;
      channel_->receivers_.Add(this, caller);
      return true;
    }
    [[nodiscard]] std::optional<T> await_resume() { return std::move(value_); }

   private:
    friend class Channel;
    friend class internal::WaitList<ReceiveAwaiter>;

    Channel* channel_;
    std::optional<T> value_;
  };

  Channel(EventLoop& loop, std::size_t capacity) : values_(capacity), senders_(&loop), receivers_(&loop) {}

  // Gives true once the channel, or a Receive, has the value; false when it is closed or the coroutine was cancelled.
  SendAwaiter Send(T value) { return SendAwaiter(this, std::move(value)); }

  // Gives the next value; nothing when the channel is closed and empty, or the coroutine was cancelled.
  ReceiveAwaiter Receive() { return ReceiveAwaiter(this); }

  // No more values. A second Close changes nothing.
  void Close() {
    closed_ = true;
    while (!receivers_.empty()) receivers_.TakeFirst();
    while (!senders_.empty()) senders_.TakeFirst();
  }

  bool closed() const { return closed_; }
  // How many values are stored.
  std::size_t size() const { return size_; }

 private:
  // Takes the value if a Receive waits for it or there is room.
  bool TrySend(T& value) {
    if (!receivers_.empty()) {
      receivers_.TakeFirst()->value_.emplace(std::move(value));
      return true;
    }
    if (size_ == values_.size()) return false;
    values_[(first_ + size_) % values_.size()].emplace(std::move(value));
    ++size_;
    return true;
  }

  // Puts what was sent first, if there is anything, into `place`, which is empty. The room goes to the Send that has
  // waited longest.
  void TryReceive(std::optional<T>& place) {
    if (size_ > 0) {
      place.emplace(*std::move(values_[first_]));
      values_[first_].reset();
      first_ = (first_ + 1) % values_.size();
      --size_;
    }
    if (senders_.empty()) return;
    SendAwaiter* sender = senders_.TakeFirst();
    sender->sent_ = true;
    if (place) {
      TrySend(sender->value_);
    } else {  // Nothing was stored: the capacity is 0.
      place.emplace(std::move(sender->value_));
    }
  }

  std::vector<std::optional<T>> values_;  // A ring: `size_` of them from `first_` on.
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  bool closed_ = false;
  internal::WaitList<SendAwaiter> senders_;
  internal::WaitList<ReceiveAwaiter> receivers_;
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_CHANNEL_H_
