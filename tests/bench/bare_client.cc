#include "tests/bench/bare_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <sys/resource.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"

namespace meanwhile {
namespace {

using Stub = v1::Meanwhile::Stub;

absl::Duration OwnProcessorTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

// One completion queue, its thread, and the calls that it keeps in flight.
class Loop {
 public:
  // `stubs` are taken in turn, from that of this loop's number on.
  Loop(const BareClientOptions& options, const std::vector<std::unique_ptr<Stub>>& stubs, std::size_t number)
      : options_(options), slots_((options.in_flight + options.loops - 1 - number) / options.loops) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      slots_[i].stub = stubs[(number + i * options.loops) % stubs.size()].get();
    }
  }

  // Until Stop, when every call has ended.
  void Run() {
    for (Slot& slot : slots_) Send(&slot);
    void* tag = nullptr;
    bool ok = false;
    for (std::size_t left = slots_.size(); left > 0 && queue_.Next(&tag, &ok);) {
      auto* const slot = static_cast<Slot*>(tag);
      Count(&calls_);
      if (!slot->status.ok()) Count(&failed_);
      slot->reader.reset();
      if (stopped_.load(std::memory_order_relaxed)) {
        --left;
      } else {
        Send(slot);
      }
    }
    queue_.Shutdown();
    while (queue_.Next(&tag, &ok)) {
    }
  }

  // Any thread.
  void Stop() { stopped_ = true; }
  std::uint64_t calls() const { return calls_.load(std::memory_order_relaxed); }
  std::uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  struct Slot {
    Stub* stub = nullptr;
    std::optional<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::FetchResponse>> reader;
    v1::FetchResponse response;
    grpc::Status status;
  };

  void Send(Slot* slot) {
    grpc::ClientContext& context = slot->context.emplace();
    context.set_deadline(absl::ToChronoTime(absl::Now() + options_.timeout));
    slot->reader = slot->stub->AsyncFetch(&context, options_.request, &queue_);
    slot->reader->Finish(&slot->response, &slot->status, slot);
  }

  // There is one writer, so this need not be atomic.
  static void Count(std::atomic<std::uint64_t>* count) {
    count->store(count->load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  const BareClientOptions& options_;
  grpc::CompletionQueue queue_;
  std::vector<Slot> slots_;
  std::atomic<std::uint64_t> calls_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<bool> stopped_ = false;
};

}  // namespace

BareClientResult RunBareClient(const BareClientOptions& options) {
  std::vector<std::unique_ptr<Stub>> stubs;
  for (std::size_t i = 0; i < options.connections; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // As the engines have it.
    stubs.push_back(v1::Meanwhile::NewStub(
        grpc::CreateCustomChannel(options.target, grpc::InsecureChannelCredentials(), arguments)));
  }
  std::vector<std::unique_ptr<Loop>> loops;
  for (std::size_t i = 0; i < options.loops; ++i) loops.push_back(std::make_unique<Loop>(options, stubs, i));
  std::vector<std::thread> threads;
  for (const std::unique_ptr<Loop>& loop : loops) threads.emplace_back([loop = loop.get()] { loop->Run(); });
  const auto calls = [&loops] {
    std::uint64_t sum = 0;
    for (const std::unique_ptr<Loop>& loop : loops) sum += loop->calls();
    return sum;
  };

  absl::SleepFor(options.warmup);
  BareClientResult result;
  const absl::Time begin = absl::Now();
  const absl::Duration before = OwnProcessorTime();
  const std::uint64_t calls_before = calls();
  absl::SleepFor(options.duration);
  result.calls = calls() - calls_before;
  result.processor_time = OwnProcessorTime() - before;
  result.elapsed = absl::Now() - begin;

  for (const std::unique_ptr<Loop>& loop : loops) loop->Stop();
  for (std::thread& thread : threads) thread.join();
  for (const std::unique_ptr<Loop>& loop : loops) result.failed += loop->failed();
  return result;
}

}  // namespace meanwhile
