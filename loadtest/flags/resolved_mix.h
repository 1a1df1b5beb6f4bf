// The entries of a mix with all that a schema says of them: their methods, their data encoded, their checks understood.
//
//   absl::StatusOr<ResolvedMix> mix = ResolveMix(schema, entries, seed);
//   load.plan = mix->calls.plan;
//   load.make_checker = mix->make_checker;
//
// Thread: the one that calls, but for what the parts say of themselves.

#ifndef MEANWHILE_LOADTEST_FLAGS_RESOLVED_MIX_H_
#define MEANWHILE_LOADTEST_FLAGS_RESOLVED_MIX_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "loadtest/call/call_mix.h"
#include "loadtest/call/mix_file.h"
#include "loadtest/call/schema.h"
#include "loadtest/measure/answer_checker.h"

namespace meanwhile {

struct ResolvedMix {
  // The entries are the plan's methods, in their order.
  CallMix calls;
  // As LoadOptions has it; null when no entry expects anything but OK.
  std::function<std::unique_ptr<AnswerChecker>(std::size_t slots)> make_checker;
  // What is expected of whom, in words: `status OK or NOT_FOUND`, with the entry's name before it when there are more.
  std::vector<std::string> expected;
};

// Reads the files of data, or stdin for the data `@` of an entry made of flags. At least one entry. The error is
// complete and names the flag, or where the entry stands and its key.
absl::StatusOr<ResolvedMix> ResolveMix(const std::shared_ptr<const Schema>& schema,
                                       const std::vector<MixEntry>& entries, uint64_t seed);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_FLAGS_RESOLVED_MIX_H_
