// ModelVariant: a model of this project's own server with options, as --models takes it: `async`,
// `thread:max_pollers=64`, `pool:threads=64:queue=1000`. An option is a flag of the server in short form.
//
// A plain value; the functions are pure.

#ifndef MEANWHILE_LOADTEST_COMPARE_MODEL_VARIANT_H_
#define MEANWHILE_LOADTEST_COMPARE_MODEL_VARIANT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace meanwhile {

struct ModelVariant {
  // As it was written; what reports call the server.
  std::string name;
  std::string model;
  // Flags of the server and their values, in the order in which they were written.
  std::vector<std::pair<std::string, std::uint64_t>> flags;

  bool Has(absl::string_view flag) const;
};

// Of one variant. INVALID_ARGUMENT says what is wrong and names what is known: `fibers: must be one of async, callback,
// thread, pool`; `thread:speed=1: thread has no option speed, only max_pollers`. Whether the value is within the
// server's bounds is the server's to say.
absl::StatusOr<ModelVariant> ParseModelVariant(absl::string_view text);

// Of a list with commas between them, or `none`. No variant may come twice.
absl::StatusOr<std::vector<ModelVariant>> ParseModelVariants(absl::string_view text);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARE_MODEL_VARIANT_H_
