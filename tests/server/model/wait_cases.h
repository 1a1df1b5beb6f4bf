// The table of unary calls that every model answers in the same way, run by models_test.cc: what is asked, and the
// answer as tests/server/raw_call.h shows it.

#ifndef MEANWHILE_TESTS_SERVER_MODEL_WAIT_CASES_H_
#define MEANWHILE_TESTS_SERVER_MODEL_WAIT_CASES_H_

#include <ostream>
#include <string>
#include <vector>

namespace meanwhile {

struct Case {
  const char* name;
  const char* method;
  std::string request;
  std::string answer;
  std::string backend = "constant:1ms";
};

void PrintTo(const Case& c, std::ostream* out);

// Calls that wait: simulated, for files, for the database, for another server, and for several of them.
std::vector<Case> WaitCases();

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_SERVER_MODEL_WAIT_CASES_H_
