#include "server/backend/disk_pool.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "async/cancellation.h"

namespace meanwhile {
namespace {

// Tells a thread of the pool what the loop learns.
class CancelFlag final : private async::CancellationCallback {
 public:
  explicit CancelFlag(async::CancellationToken token) { Register(token); }

  bool set() const { return set_.load(std::memory_order_relaxed); }

 private:
  void OnCancel() override { set_.store(true, std::memory_order_relaxed); }

  std::atomic<bool> set_ = false;
};

}  // namespace

DiskPool::DiskPool(std::string name, std::size_t threads, std::size_t max_queued)
    : name_(std::move(name)), max_queued_(max_queued), threads_(threads, max_queued) {}

async::Task<Waited> DiskPool::Run(async::EventLoop& loop, Work work) {
  const async::TimePoint start = loop.Now();
  const async::CancellationToken token = co_await async::CurrentCancellation();
  if (token.cancelled()) co_return Waited{.status = token.status()};
  const CancelFlag cancelled(token);
  std::string value;
  const auto ran = co_await threads_.Run(loop, [&] { return work([&cancelled] { return cancelled.set(); }, &value); });
  Waited waited{.elapsed = absl::FromChrono(loop.Now() - start)};
  if (ran && *ran) {
    waited.status = **ran;
    if (waited.ok()) waited.value = std::move(value);
  } else if (token.cancelled()) {
    waited.status = token.status();
  } else {
    waited.status = grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                 threads_.figures().started == 0
                                     ? absl::StrCat(name_, ": no thread can be started")
                                     : absl::StrCat(name_, ": all ", threads_.threads(), " threads are busy and ",
                                                    max_queued_, " waits are queued"));
  }
  co_return waited;
}

Waited DiskPool::RunBlocking(const BlockingWaitLimit& limit, const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  std::string value;
  const std::optional<grpc::Status> status = work([&limit] { return limit.HasEnded(); }, &value);
  Waited waited{.status = status ? *status : limit.StatusOfEnded()};
  if (waited.ok()) waited.value = std::move(value);
  waited.elapsed = absl::FromChrono(std::chrono::steady_clock::now() - start);
  return waited;
}

}  // namespace meanwhile
