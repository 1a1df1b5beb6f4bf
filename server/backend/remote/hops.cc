#include "server/backend/remote/hops.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace meanwhile {

absl::StatusOr<std::uint32_t> HopsOf(const grpc::ServerContextBase& call) {
  const auto found = call.client_metadata().find(kHopsMetadata);
  if (found == call.client_metadata().end()) return 0;
  const absl::string_view text(found->second.data(), found->second.size());
  std::uint32_t hops = 0;
  if (absl::SimpleAtoi(text, &hops) && hops <= kMaxHops) return hops;
  constexpr std::size_t kMostShown = 32;
  return absl::InvalidArgumentError(absl::StrCat("metadata ", kHopsMetadata, "=",
                                                 absl::CHexEscape(text.substr(0, kMostShown)),
                                                 ": must be a number from 0 to ", kMaxHops));
}

}  // namespace meanwhile
