#include "server/lifecycle.h"

#include <string.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/observe/log.h"

namespace meanwhile {
namespace {

// How many calls are named.
constexpr std::size_t kNamed = 3;

// How often everything is cancelled anew: gRPC may still hand over calls that had come before it stopped taking them.
constexpr absl::Duration kCancelInterval = absl::Milliseconds(100);

std::string Calls(std::size_t count) { return absl::StrCat(count, count == 1 ? " call" : " calls"); }

// Waits for the end of a shutdown that runs on another thread.
class ShutdownWatch {
 public:
  ShutdownWatch(Stoppable* server, StopSignals* signals, const Event* done, const LifecycleOptions& options)
      : server_(server),
        signals_(signals),
        done_(done),
        stuck_after_(options.stuck_after),
        next_told_(absl::Now() + options.grace + options.stuck_after) {}

  // Every call in flight ends now, and those to come.
  void OnSecondSignal() {
    if (cancelling_) return;
    cancelling_ = true;
    next_told_ = std::min(next_told_, absl::Now() + stuck_after_);
    const std::size_t in_flight = server_->CallsInFlight().size();
    Log(LogLevel::kInfo, "cancelling", absl::StrCat("a second signal: cancelling ", Calls(in_flight)),
        {{"in_flight", static_cast<double>(in_flight)}});
  }

  void WaitUntilDone() {
    while (!done_->is_set()) {
      if (cancelling_) server_->CancelCalls();
      const absl::Time turn = cancelling_ ? absl::Now() + kCancelInterval : absl::InfiniteFuture();
      if (signals_->Next(std::min(turn, next_told_), done_)) OnSecondSignal();
      if (absl::Now() >= next_told_ && !done_->is_set()) TellStuck();
    }
  }

 private:
  void TellStuck() {
    next_told_ = absl::Now() + stuck_after_;
    const std::string calls = Oldest(server_->CallsInFlight(), std::chrono::steady_clock::now());
    Log(LogLevel::kWarning, "stuck", absl::StrCat("still not stopped, though cancelled: ", calls), {{"calls", calls}});
  }

  Stoppable* const server_;
  StopSignals* const signals_;
  const Event* const done_;
  const absl::Duration stuck_after_;
  absl::Time next_told_;
  bool cancelling_ = false;
};

}  // namespace

std::string Oldest(const std::vector<async::InFlightCalls::Call>& calls, async::TimePoint now) {
  std::string text = Calls(calls.size());
  for (std::size_t i = 0; i < std::min(kNamed, calls.size()); ++i) {
    const absl::Duration age = absl::Trunc(absl::FromChrono(now - calls[i].since), absl::Milliseconds(100));
    absl::StrAppend(&text, i == 0 ? ": " : ", ", calls[i].method, " for ", absl::FormatDuration(age));
  }
  if (calls.size() > kNamed) absl::StrAppend(&text, ", …");
  return text;
}

void ServeUntilStopped(Stoppable& server, StopSignals& signals, const LifecycleOptions& options) {
  const std::string signal = strsignal(*signals.Next(absl::InfiniteFuture()));
  bool hurried = false;
  if (options.drain_delay > absl::ZeroDuration()) {
    Log(LogLevel::kInfo, "draining",
        absl::StrCat(signal, ": not healthy any more, serving on for ", absl::FormatDuration(options.drain_delay)),
        {{"signal", signal}, {"drain_delay", absl::ToDoubleSeconds(options.drain_delay)}});
    server.Drain();
    hurried = signals.Next(absl::Now() + options.drain_delay).has_value();
  }
  if (const std::size_t in_flight = server.CallsInFlight().size(); in_flight > 0 && !hurried) {
    Log(LogLevel::kInfo, "finishing",
        absl::StrCat(signal, ": finishing ", Calls(in_flight), " in flight within ",
                     absl::FormatDuration(options.grace)),
        {{"signal", signal},
         {"in_flight", static_cast<double>(in_flight)},
         {"grace", absl::ToDoubleSeconds(options.grace)}});
  }

  Event done;
  std::thread shutdown([&] {
    server.Shutdown(hurried ? absl::ZeroDuration() : options.grace);
    done.Set();
  });
  ShutdownWatch watch(&server, &signals, &done, options);
  if (hurried) watch.OnSecondSignal();
  watch.WaitUntilDone();
  shutdown.join();
}

}  // namespace meanwhile
