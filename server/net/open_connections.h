// OpenConnections: the connections that a server holds open, and whether there is room for one more, in all and from
// the same peer.
//
// A connection's descriptor belongs to gRPC, which does not tell when it closes it. But it can be seen: the number is
// then free, or stands for another file. So for each connection the number is kept with the inode of its socket, and
// when there is no room all are looked at (fstat). Against a copy of each descriptor that is watched for its end this
// costs no descriptor and no wake-up, and leaves the end of a connection to gRPC alone: a copy would keep it open.
//
// A look takes about half a microsecond a connection (tests/bench/observe_benchmark.cc). In a flood of connections to a
// full server looks take at most a tenth of the time: in between connections are refused unseen.
//
// Invariants:
// - A connection that is open is counted. One that has been closed is counted until the next look.
// - Inode numbers of sockets are given out in turn, so no number comes again while the old socket is remembered.
// - Numbers of descriptors do come again: adding one takes the place of its predecessor, which has been closed.
//
// Thread: any.

#ifndef MEANWHILE_SERVER_NET_OPEN_CONNECTIONS_H_
#define MEANWHILE_SERVER_NET_OPEN_CONNECTIONS_H_

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

namespace meanwhile {

class OpenConnections {
 public:
  enum class Room {
    kThereIs,
    kNone,            // So many are open in all.
    kNoneForItsPeer,  // So many are open from its address.
  };

  // Both from 1 on.
  OpenConnections(std::size_t most, std::size_t most_per_peer);

  // Counts the connection `fd`, if there is room for it. If not it is the caller's to close.
  Room Add(int fd);

  // How many are open now. Looks at each.
  std::size_t Count();

 private:
  struct Connection {
    ino_t socket;
    std::string peer;  // Its address; empty for one that has none.
  };

  bool HasRoom(const std::string& peer) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetClosed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetPeer(const std::string& peer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::size_t most_;
  const std::size_t most_per_peer_;
  absl::Mutex mutex_;
  absl::flat_hash_map<int, Connection> connections_ ABSL_GUARDED_BY(mutex_);  // By descriptor.
  absl::flat_hash_map<std::string, std::size_t> peers_ ABSL_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point next_look_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_NET_OPEN_CONNECTIONS_H_
