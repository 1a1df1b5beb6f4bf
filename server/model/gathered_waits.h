// GatheredWaits: the waits of one Gather as they end. It knows when the rest of them are not wanted any more, with
// which status the call ends, and its answer; every model's handlers show only how they wait.
//
// IN_SEQUENCE and AT_ONCE want all waits, until one fails. FIRST_OF wants them until one succeeds.
//
// A plain value without a lock.

#ifndef MEANWHILE_SERVER_MODEL_GATHERED_WAITS_H_
#define MEANWHILE_SERVER_MODEL_GATHERED_WAITS_H_

#include <grpcpp/support/status.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "server/backend/waited.h"

namespace meanwhile {

class GatheredWaits {
 public:
  // What all values together may hold.
  static constexpr std::size_t kMaxValueBytes = 3 << 20;

  explicit GatheredWaits(const v1::GatherRequest& request);

  // Whether the waits begin all at once; else one after another.
  bool at_once() const { return at_once_; }

  // Takes how the wait number `index` ended, once for each. Says whether the others are still wanted.
  bool Add(std::size_t index, Waited waited);

  // After the last Add: the status that the call ends with. On OK the response is built, and the values are gone.
  //
  // Of several failures the one that made the others end: the first that was added, but for those of the kind
  // CANCELLED, which it may have caused. Of FIRST_OF, where none ends the others, the first in the request.
  // OUT_OF_RANGE when the values are too large together.
  grpc::Status Answer(absl::Duration elapsed, v1::GatherResponse* response);

 private:
  // Whether that failure, which is being added, is the call's rather than the one before it.
  bool IsNearerTheCause(std::size_t index, grpc::StatusCode code) const;

  const bool at_once_;
  const bool first_of_;
  std::vector<Waited> waits_;
  std::size_t value_bytes_ = 0;
  std::optional<std::size_t> failure_;  // The call's, unless a wait of FIRST_OF succeeds.
  std::optional<std::size_t> first_;    // Of FIRST_OF: the wait that succeeded first.
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_GATHERED_WAITS_H_
