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

std::vector<Case> FileCases() {
  return {
      {"AFileIsRead", "Fetch", "payload: 'hello' wait { file_read { path: 'poem' } }",
       "OK payload: \"hello\" waited { } value: \"Tyger Tyger, burning bright\""},
      {"APartOfAFileIsRead", "Fetch", "wait { file_read { path: 'poem' offset: 6 length: 5 } }",
       "OK waited { } value: \"Tyger\""},
      {"AFileBehindItsEndIsEmpty", "Fetch", "wait { file_read { path: 'poem' offset: 1000 } }", "OK waited { }"},
      {"AMebibyteOfAFileIsRead", "Fetch", "wait { file_read { path: 'large' } }", "OK 1048596 characters"},
      {"FilesThatAreTooLargeTogetherAreRefused", "Gather",
       "waits { file_read { path: 'large' } } waits { file_read { path: 'large' } } "
       "waits { file_read { path: 'large' } } waits { file_read { path: 'large' } }",
       "OUT_OF_RANGE values: 4194304 bytes or more together: must be at most 3145728"},
      {"AFileThatIsNotThereIsNotFound", "Fetch", "wait { file_read { path: 'prose' } }",
       "NOT_FOUND file prose: no such file"},
      {"AFilesPathMayNotBeAbsolute", "Fetch", "wait { file_read { path: '/etc/passwd' } }",
       "INVALID_ARGUMENT file /etc/passwd: must be relative to the data directory"},
      {"AFilesPathMayNotGoUp", "Fetch", "wait { file_write { path: '../poem' } }",
       "INVALID_ARGUMENT file ../poem: must not have a part \"..\""},
      {"AFilesPathMayNotLeadOutByALink", "Fetch", "wait { file_read { path: 'out/etc/passwd' } }",
       "INVALID_ARGUMENT file out/etc/passwd: leads out of the data directory"},
      {"AFileIsNotWrittenOutByALink", "Fetch", "wait { file_write { path: 'out/tmp/new' } }",
       "INVALID_ARGUMENT file out/tmp/new: leads out of the data directory"},
      {"AFileIsWritten", "Gather",
       "waits { file_write { path: 'note' content: 'one' } } waits { file_read { path: 'note' } }",
       "OK waited { } waited { } elapsed { } values: \"\" values: \"one\""},
  };
}

std::vector<Case> QueryCases() {
  return {
      {"AKeyIsRead", "Fetch", "wait { query { read: 'item-7' } }", "OK waited { } value: \"value of item-7\""},
      {"AKeyThatIsNotThereIsNotFound", "Fetch", "wait { query { read: 'x' } }", "NOT_FOUND no value for key \"x\""},
      {"AValueIsStored", "Gather",
       R"(waits { query { store { key: "it's" value: '\000' } } } waits { query { read: "it's" } })",
       R"(OK waited { } waited { } elapsed { } values: "" values: "\000")"},
      {"AKeyHasBounds", "Fetch", "wait { query { read: '' } }",
       "INVALID_ARGUMENT wait.query.read: 0 bytes: must be from 1 to 256"},
  };
}

// A Gather takes any mix of waits.
std::vector<Case> MixedCases() {
  const std::string mix =
      "waits { file_read { path: 'poem' } } waits { query { read: 'item-1' } } waits {} "
      "waits { simulated { constant {} } } waits { remote { wait { file_read { path: 'poem' } } } } ";
  const std::string answer =
      "OK waited { } waited { } waited { } waited { } waited { } elapsed { } values: \"Tyger Tyger, burning bright\" "
      "values: \"value of item-1\" values: \"\" values: \"\" values: \"Tyger Tyger, burning bright\"";
  const std::string failing = "waits { file_read { path: 'prose' } } ";
  // Said as a spec: a plain constant beyond the deadline would end the call before it begins.
  const std::string minute = "{ simulated { spec: 'constant:1m' } }";
  const std::string never = "waits " + minute + " waits { remote { wait " + minute + " } } ";
  return {
      {"AMixInSequence", "Gather", "mode: IN_SEQUENCE " + mix, answer},
      {"AMixAtOnce", "Gather", "mode: AT_ONCE " + mix, answer},
      {"AFileThatIsNotThereEndsAMix", "Gather", "mode: AT_ONCE " + never + failing,
       "NOT_FOUND file prose: no such file"},
      {"AKeyThatIsNotThereEndsAMix", "Gather", "mode: AT_ONCE " + never + "waits { query { read: 'x' } }",
       "NOT_FOUND no value for key \"x\""},
      {"TheFirstOfAMix", "Gather", "mode: FIRST_OF " + failing + never + "waits { query { read: 'item-1' } }",
       "OK waited { } waited { } waited { } waited { } elapsed { } values: \"value of item-1\" first: 3"},
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
  for (auto* part : {&FetchCases, &GatherCases, &FirstOfCases, &FileCases, &QueryCases, &MixedCases, &RemoteCases}) {
    for (Case& c : part()) all.push_back(std::move(c));
  }
  return all;
}

}  // namespace meanwhile
