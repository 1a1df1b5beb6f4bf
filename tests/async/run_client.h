// RunClient: what a client does in a test, on a loop of its own.
//
// Thread: a test's.

#ifndef MEANWHILE_TESTS_ASYNC_RUN_CLIENT_H_
#define MEANWHILE_TESTS_ASYNC_RUN_CLIENT_H_

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/task.h"

namespace meanwhile::async {

// Runs `body` until it has ended, under `source`, if any.
template <typename Body>
void RunClient(EventLoop& loop, Body& body, CancellationSource* source = nullptr) {
  auto run = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(source));
    co_await body();
  };
  loop.Spawn(run());
  loop.Stop();
  loop.Run();
}

}  // namespace meanwhile::async

#endif  // MEANWHILE_TESTS_ASYNC_RUN_CLIENT_H_
