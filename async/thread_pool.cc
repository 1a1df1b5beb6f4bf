#include "async/thread_pool.h"

#include <cassert>
#include <system_error>

namespace meanwhile::async {

ThreadPool::ThreadPool(std::size_t threads, std::size_t max_queued) : thread_count_(threads), max_queued_(max_queued) {
  assert(threads > 0);
  threads_.reserve(threads);
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    assert(first_ == nullptr);
    stopping_ = true;
  }
  work_available_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool ThreadPool::Enqueue(Job* job) {
  {
    const std::lock_guard lock(mutex_);
    if (queued_ + running_ >= max_queued_ + thread_count_) {
      ++refused_;
      return false;
    }
    const bool all_are_busy = running_ + queued_ >= threads_.size();
    const bool may_start = all_are_busy && threads_.size() < thread_count_;
    if (may_start && !StartThread() && threads_.empty()) {
      ++refused_;
      return false;
    }
    job->queued = true;
    job->previous = last_;
    (last_ != nullptr ? last_->next : first_) = job;
    last_ = job;
    ++queued_;
  }
  work_available_.notify_one();
  return true;
}

bool ThreadPool::StartThread() {
  try {
    threads_.emplace_back([this] { WorkUntilStopped(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

ThreadPool::Figures ThreadPool::figures() const {
  const std::lock_guard lock(mutex_);
  return {.started = threads_.size(), .running = running_, .queued = queued_, .refused = refused_};
}

bool ThreadPool::TryRemove(Job* job) {
  const std::lock_guard lock(mutex_);
  if (!job->queued) return false;
  Unlink(job);
  return true;
}

void ThreadPool::Unlink(Job* job) {
  (job->previous != nullptr ? job->previous->next : first_) = job->next;
  (job->next != nullptr ? job->next->previous : last_) = job->previous;
  job->queued = false;
  --queued_;
}

void ThreadPool::WorkUntilStopped() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_available_.wait(lock, [this] { return first_ != nullptr || stopping_; });
    if (first_ == nullptr) return;
    Job* job = first_;
    Unlink(job);
    ++running_;
    lock.unlock();
    job->Work();
    lock.lock();
    --running_;  // Before the job is posted: whoever learns that it is done finds its place free.
    lock.unlock();
    job->loop->Post(job);  // From here on the job may be gone.
    lock.lock();
  }
}

}  // namespace meanwhile::async
