#include "tests/server/model/wait_cases.h"

#include <utility>

namespace meanwhile {
namespace {

constexpr char kMinute[] = "{ simulated { constant { seconds: 60 } } }";

std::vector<Case> FetchCases() {
  const std::string mebibyte(1 << 20, 'x');
  return {
      {"FetchEchoesThePayload", "Fetch", "payload: 'hello'", "OK payload: \"hello\" waited { }"},
      {"FetchEchoesNothing", "Fetch", "", "OK waited { }"},
      {"FetchEchoesBytesOfAllKinds", "Fetch", R"(payload: '\000\377')", R"(OK payload: "\000\377" waited { })"},
      {"FetchTakesAMebibyte", "Fetch", "payload: '" + mebibyte + "'", "OK 1048598 characters"},
      {"FetchRefusesAByteMore", "Fetch", "payload: 'x" + mebibyte + "'",
       "INVALID_ARGUMENT payload: 1048577 bytes: must be at most 1048576"},
      {"FetchWaitsAsItIsTold", "Fetch", "wait { simulated { constant { nanos: 2000000 } } }", "OK waited { }"},
      {"FetchWaitsForNothing", "Fetch", "wait { simulated { constant {} } }", "OK waited { }"},
      {"FetchWaitsByASpec", "Fetch", "wait { simulated { spec: 'uniform:1ms,2ms' } }", "OK waited { }"},
      {"FetchFailsByASpec", "Fetch", "wait { simulated { spec: 'constant:1ms,fail=1:DATA_LOSS' } }",
       "DATA_LOSS the simulated backend failed"},
      {"FetchRefusesABadWait", "Fetch", "wait { simulated { constant { seconds: 61 } } }",
       "INVALID_ARGUMENT wait.simulated.constant=1m1s: must be from 0 to 1m"},
      {"FetchFailsWithItsBackend", "Fetch", "", "ABORTED the simulated backend failed", "constant:1ms,fail=1:ABORTED"},
  };
}

std::vector<Case> GatherCases() {
  return {
      {"GatherInSequence", "Gather", "mode: IN_SEQUENCE waits {} waits {}",
       "OK waited { } waited { } elapsed { } values: \"\" values: \"\""},
      {"GatherAtOnce", "Gather", "mode: AT_ONCE waits {} waits {} waits {}",
       "OK waited { } waited { } waited { } elapsed { } values: \"\" values: \"\" values: \"\""},
      {"GatherWithoutAMode", "Gather", "waits {}", "OK waited { } elapsed { } values: \"\""},
      {"GatherRefusesNoWaits", "Gather", "", "INVALID_ARGUMENT waits: 0 of them: must be from 1 to 100"},
      {"GatherNamesTheBadWait", "Gather", "waits {} waits { simulated {} }",
       "INVALID_ARGUMENT waits[1].simulated: needs constant or spec"},
      {"GatherAtOnceEndsWithTheFirstFailure", "Gather",
       "mode: AT_ONCE waits { simulated { spec: 'constant:60s' } } "
       "waits { simulated { spec: 'constant:1ms,fail=1:DATA_LOSS' } } waits { simulated { spec: 'constant:60s' } }",
       "DATA_LOSS the simulated backend failed"},
      {"GatherInSequenceEndsWithTheFirstFailure", "Gather",
       "waits { simulated { spec: 'constant:1ms,fail=1:DATA_LOSS' } } waits { simulated { spec: 'constant:60s' } }",
       "DATA_LOSS the simulated backend failed"},
      {"GatherIsRefusedWhenTheBackendIsFull", "Gather", "mode: AT_ONCE waits {} waits {} waits {}",
       "RESOURCE_EXHAUSTED the backend's queue is full", "constant:10s,capacity=1,queue=1"},
  };
}

std::vector<Case> RemoteCases() {
  return {
      {"ARemoteWaitIsAFetchOfAnotherServer", "Fetch", "payload: 'hello' wait { remote {} }",
       "OK payload: \"hello\" waited { }"},
      {"ARemoteWaitSaysWhatToWaitFor", "Fetch", "wait { remote { wait { simulated { constant {} } } } }",
       "OK waited { }"},
  };
}

std::vector<Case> FirstOfCases() {
  const std::string minute = kMinute;
  return {
      {"FirstOfTakesTheOneThatSucceedsFirst", "Gather", "mode: FIRST_OF waits " + minute + " waits {} waits " + minute,
       "OK waited { } waited { } waited { } elapsed { } values: \"\" first: 1"},
      {"FirstOfOverlooksFailures", "Gather",
       "mode: FIRST_OF waits { simulated { spec: 'constant:0s,fail=1:DATA_LOSS' } } waits {}",
       "OK waited { } waited { } elapsed { } values: \"\" first: 1"},
      {"FirstOfFailsWhenAllDo", "Gather",
       "mode: FIRST_OF waits { simulated { spec: 'constant:2ms,fail=1:DATA_LOSS' } } "
       "waits { simulated { spec: 'constant:1ms,fail=1:ABORTED' } }",
       "DATA_LOSS the simulated backend failed"},
  };
}

}  // namespace

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::vector<Case> WaitCases() {
  std::vector<Case> all;
  for (auto* part : {&FetchCases, &GatherCases, &FirstOfCases, &RemoteCases}) {
    for (Case& c : part()) all.push_back(std::move(c));
  }
  return all;
}

}  // namespace meanwhile
