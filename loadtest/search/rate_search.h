// RateSearch: which rates to try, and what they tell, in the search for the highest rate that a server holds. It knows
// no server and no clock: it says the next rate, and is told what became of it.
//
//   grow      from the first rate on, twice the last one, until one fails
//   shrink    where already the first one fails: half of it, until one holds
//   bisect    the geometric middle of the highest rate that held and the lowest that failed, until they are no more
//             than the precision apart
//   confirm   the highest that held, so many times over. It is the answer when most of these runs hold. Else it counts
//             as failed, and the search goes on below it: at the next lower rate that held, or between the two.
//
// What a single run says may be chance. A lucky one is found out by the confirmation. An unlucky one would make the
// answer too low and never be found out, so a rate that fails is tried again at once, and has failed when it fails
// twice.
//
// It ends: what is no confirmation narrows the bracket between the two rates after two runs at most, each failed
// confirmation takes the upper one down, and a rate that has held is confirmed once.
//
// A plain value without locks: one thread.

#ifndef MEANWHILE_LOADTEST_SEARCH_RATE_SEARCH_H_
#define MEANWHILE_LOADTEST_SEARCH_RATE_SEARCH_H_

#include <cstdint>
#include <optional>
#include <set>

#include "absl/strings/string_view.h"

namespace meanwhile {

struct RateSearchOptions {
  // Calls a second: the first to try, and one that is not exceeded, no less than that.
  double from = 100;
  double to = 10'000'000;
  // By which share the lowest rate that fails may lie over the answer. Over 0.
  double precision = 0.05;
  // Runs that confirm the answer, at least 1.
  uint32_t repeats = 3;
};

class RateSearch {
 public:
  enum class Stage { kGrow, kShrink, kBisect, kConfirm };
  struct Probe {
    Stage stage;
    double rate;
  };

  // The load tester was the limit: the rate was not held, but nobody knows whether the server could hold it.
  enum class Verdict { kHeld, kFailed, kClientLimited };

  explicit RateSearch(const RateSearchOptions& options);

  // What to try next; none when the search is over.
  const std::optional<Probe>& next() const { return next_; }

  // What became of it. REQUIRES: there is one.
  void Record(Verdict verdict);

  // The answer: the highest rate that was confirmed. None while the search goes on, and where no rate held.
  const std::optional<double>& rate() const { return rate_; }
  // Of the last confirmation, also of one that goes on: runs that held, of so many.
  uint32_t held() const { return held_count_; }
  uint32_t confirmed() const { return held_count_ + failed_count_; }

  // The bracket: the highest rate that held and was not refuted, and the lowest that failed.
  std::optional<double> highest_held() const;
  const std::optional<double>& lowest_failed() const { return lowest_failed_; }
  // Whether lowest_failed() is one at which the load tester was the limit.
  bool is_client_limited() const { return is_client_limited_; }

 private:
  void Fail(double rate, bool client_limited);
  void RecordConfirmation(double rate, Verdict verdict);
  void Plan();

  const RateSearchOptions options_;
  std::optional<Probe> next_;
  std::optional<double> rate_;
  std::set<double> held_;  // All below lowest_failed_.
  std::optional<double> lowest_failed_;
  bool is_client_limited_ = false;
  std::optional<Verdict> first_failure_;  // Of next_, when it is to be tried again.
  uint32_t held_count_ = 0;
  uint32_t failed_count_ = 0;
  uint32_t client_limited_count_ = 0;  // Of the failed ones.
};

// `grow`, as reports call it.
absl::string_view NameOf(RateSearch::Stage stage);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_SEARCH_RATE_SEARCH_H_
