// Flags that several commands of `loadtest` take and must refuse, before they send anything: bad values, and flags that
// make no sense together. Each flag with a value has a bad one.
//
// Thread: a test's.

#ifndef MEANWHILE_TESTS_LOADTEST_BAD_FLAGS_H_
#define MEANWHILE_TESTS_LOADTEST_BAD_FLAGS_H_

#include <vector>

#include "tests/usage_errors.h"

namespace meanwhile {

// Of calls: what is called, what is sent and how, what must come back. Writes the files that they name.
std::vector<UsageCase> BadCallFlags();

// Of how the server is spoken to.
std::vector<UsageCase> BadCredentialFlags();

// Of where the results go.
std::vector<UsageCase> BadOutputFlags();

// The one after the other.
std::vector<UsageCase> Together(const std::vector<std::vector<UsageCase>>& tables);

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_LOADTEST_BAD_FLAGS_H_
