#include "server/backend/database/value_bound.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace meanwhile {

grpc::Status CheckFound(std::string_view key, std::size_t bytes) {
  if (bytes <= kMaxStoredBytes) return grpc::Status();
  return grpc::Status(grpc::StatusCode::OUT_OF_RANGE,
                      absl::StrCat("value for key \"", absl::Utf8SafeCEscape(absl::string_view(key.data(), key.size())),
                                   "\": ", bytes, " bytes: must be at most ", kMaxStoredBytes));
}

}  // namespace meanwhile
