// A mix of methods, as a configuration file lists it:
//
//   mix:
//     - call: shop.Catalogue/Search            # What is called; the rest may be left out.
//       weight: 9                              # Of the calls, nine for each one of weight 1.
//       data: {text: "{{randomString 5}}"}     # What is sent: YAML, or JSON in a text, with templates.
//     - call: shop.Catalogue/Search
//       name: search for nothing               # What reports call it; the method if not given.
//       data-file: nothing.json                # These as the flags of the same names are.
//       pick: random
//       expect-status: [OK, NOT_FOUND]
//       expect-json: [items.count=0]
//
// What a schema must tell, as whether there is such a method, is looked at in resolved_mix.h.
//
// Pure function, any thread.

#ifndef MEANWHILE_LOADTEST_CALL_MIX_FILE_H_
#define MEANWHILE_LOADTEST_CALL_MIX_FILE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/config_file.h"
#include "loadtest/call/answer_check.h"
#include "loadtest/call/call_mix.h"
#include "loadtest/call/schema.h"

namespace meanwhile {

struct MixEntry {
  // Besides those that are expected already.
  void Expect(const ExpectedStatuses& more);

  MethodName call;
  // Empty for the method's.
  std::string name;
  double weight = 1;
  // At most one of these is not empty: JSON, the file with it, the file with an encoded message.
  std::string data;
  std::string data_file;
  std::string binary_file;
  Pick pick = Pick::kRoundRobin;
  // OK alone when there are none.
  std::optional<ExpectedStatuses> statuses;
  // PATH=VALUE each.
  std::vector<std::string> fields;
  // Where it stands, `mix line 7`, for errors that are found later; empty when it was made of flags.
  std::string place;
};

inline constexpr std::size_t kMostMixEntries = 100;
inline constexpr int kHighestWeight = 1000000;

// At least one entry. `mix` is the value of the key. The error is a ConfigError of what is wrong.
absl::StatusOr<std::vector<MixEntry>> ParseMix(const ConfigNode& mix);

// What is sent, in JSON: a text is JSON already, a list or a map becomes it. The error is a ConfigError.
absl::StatusOr<std::string> JsonOf(const ConfigNode& node);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_MIX_FILE_H_
