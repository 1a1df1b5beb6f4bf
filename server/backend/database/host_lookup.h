// HostLookup: asks the system for the addresses of a host's name, without holding anybody up. getaddrinfo has no other
// way than to block, for many seconds when the name server is away; so it runs on a thread of its own, and a descriptor
// becomes readable when it has ended.
//
//   std::shared_ptr<HostLookup> lookup = HostLookup::Start("db.example");
//   int fd = lookup->NewDescriptor();
//   ...  // Wait until fd is readable.
//   close(fd);
//   lookup->addresses();
//
// Ownership: shared by whoever waits for it and by its thread. Nobody waits for the thread: it ends, with the look-up,
// when the system answers, and whoever has lost interest lets go.
//
// Thread: any.

#ifndef MEANWHILE_SERVER_BACKEND_DATABASE_HOST_LOOKUP_H_
#define MEANWHILE_SERVER_BACKEND_DATABASE_HOST_LOOKUP_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace meanwhile {

class HostLookup {
 public:
  using Addresses = absl::StatusOr<std::vector<std::string>>;

  // Null when the process has no descriptor or thread left.
  static std::shared_ptr<HostLookup> Start(const std::string& host);

  HostLookup(const HostLookup&) = delete;
  HostLookup& operator=(const HostLookup&) = delete;
  ~HostLookup();

  // Readable when the look-up has ended. The caller's own, so that many can wait, each with a descriptor that no other
  // waits for; the caller closes it. -1 when the process has no descriptor left.
  int NewDescriptor() const;

  bool ended() const { return ended_.load(std::memory_order_acquire); }

  // After the end: numeric addresses, best first, at least one. UNAVAILABLE, in the system's words, when there are
  // none.
  const Addresses& addresses() const { return addresses_; }

 private:
  explicit HostLookup(int event_fd) : event_fd_(event_fd) {}

  const int event_fd_;
  Addresses addresses_;  // Written by the thread before `ended_`.
  std::atomic<bool> ended_ = false;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_DATABASE_HOST_LOOKUP_H_
