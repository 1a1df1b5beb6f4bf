// ServedMethod: a method that a loop serves, without its types: what a server keeps as long as it serves, and whoever
// watches the server looks at.
//
// Thread: the figures are written by the loop's thread alone and read by any. Lifetime: see server_call.h.

#ifndef MEANWHILE_ASYNC_SERVED_METHOD_H_
#define MEANWHILE_ASYNC_SERVED_METHOD_H_

#include <atomic>
#include <cstddef>
#include <string_view>

namespace meanwhile::async {

class ServedMethod {
 public:
  ServedMethod(const ServedMethod&) = delete;
  ServedMethod& operator=(const ServedMethod&) = delete;
  virtual ~ServedMethod() = default;

  // What the method is called in messages.
  std::string_view name() const { return name_; }

  // How many slots are armed now: calls that would find one, if they came at once.
  std::size_t armed() const { return armed_.load(std::memory_order_relaxed); }

  // How many slots were ever made: armed ones and as many as were serving at the busiest moment.
  std::size_t slots() const { return made_.load(std::memory_order_relaxed); }

 protected:
  explicit ServedMethod(std::string_view name) : name_(name) {}

  void OnSlotMade() { Add(&made_, 1); }
  void OnSlotArmed() { Add(&armed_, 1); }
  // It was matched, or the server has shut down.
  void OnSlotTaken() { Add(&armed_, -1); }

 private:
  // There is one writer, so this need not be atomic.
  static void Add(std::atomic<std::size_t>* figure, std::ptrdiff_t more) {
    figure->store(figure->load(std::memory_order_relaxed) + static_cast<std::size_t>(more), std::memory_order_relaxed);
  }

  const std::string_view name_;
  std::atomic<std::size_t> armed_ = 0;
  std::atomic<std::size_t> made_ = 0;
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_SERVED_METHOD_H_
