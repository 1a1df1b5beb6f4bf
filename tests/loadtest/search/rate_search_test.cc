#include "loadtest/search/rate_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <utility>
#include <vector>

namespace meanwhile {
namespace {

using testing::ElementsAre;
using testing::Pair;
using Stage = RateSearch::Stage;
using Verdict = RateSearch::Verdict;

// Far more than any search takes: one that does not end fails instead of hanging.
constexpr int kMostProbes = 300;

struct Trial {
  RateSearch search;
  std::vector<std::pair<Stage, double>> probes;
};

// A search on a server that is a function.
Trial Search(const RateSearchOptions& options, const std::function<Verdict(double rate)>& server) {
  Trial trial{RateSearch(options), {}};
  while (trial.search.next() && trial.probes.size() < kMostProbes) {
    const RateSearch::Probe probe = *trial.search.next();
    trial.probes.emplace_back(probe.stage, probe.rate);
    trial.search.Record(server(probe.rate));
  }
  EXPECT_LT(trial.probes.size(), kMostProbes) << "it does not end";
  return trial;
}

std::function<Verdict(double)> HoldsUpTo(double limit) {
  return [limit](double rate) { return rate <= limit ? Verdict::kHeld : Verdict::kFailed; };
}

TEST(RateSearchTest, GrowsBisectsAndConfirms) {
  const Trial trial = Search({.from = 100, .precision = 0.2, .repeats = 2}, HoldsUpTo(300));
  EXPECT_THAT(trial.probes,
              ElementsAre(Pair(Stage::kGrow, 100), Pair(Stage::kGrow, 200), Pair(Stage::kGrow, 400),
                          Pair(Stage::kGrow, 400), Pair(Stage::kBisect, testing::DoubleNear(282.84, 0.01)),
                          Pair(Stage::kBisect, testing::DoubleNear(336.36, 0.01)),
                          Pair(Stage::kBisect, testing::DoubleNear(336.36, 0.01)),
                          Pair(Stage::kConfirm, testing::DoubleNear(282.84, 0.01)),
                          Pair(Stage::kConfirm, testing::DoubleNear(282.84, 0.01))));
  EXPECT_NEAR(*trial.search.rate(), 282.84, 0.01);
  EXPECT_EQ(trial.search.held(), 2u);
  EXPECT_EQ(trial.search.confirmed(), 2u);
  EXPECT_NEAR(*trial.search.highest_held(), 282.84, 0.01);
  EXPECT_NEAR(*trial.search.lowest_failed(), 336.36, 0.01);
  EXPECT_FALSE(trial.search.is_client_limited());
}

TEST(RateSearchTest, FindsEveryLimitToThePrecision) {
  for (const double precision : {0.01, 0.05, 0.3}) {
    for (double limit = 3; limit < 1e6; limit *= 1.37) {
      const Trial trial = Search({.from = 100, .precision = precision}, HoldsUpTo(limit));
      ASSERT_TRUE(trial.search.rate()) << limit;
      EXPECT_LE(*trial.search.rate(), limit);
      EXPECT_GE(*trial.search.rate() * (1 + precision), limit);
      EXPECT_LT(trial.probes.size(), 45u);
    }
  }
}

TEST(RateSearchTest, GoesDownWhereTheFirstRateFails) {
  const Trial trial = Search({.from = 100, .precision = 0.5, .repeats = 1}, HoldsUpTo(30));
  EXPECT_THAT(
      trial.probes,
      ElementsAre(Pair(Stage::kGrow, 100), Pair(Stage::kGrow, 100), Pair(Stage::kShrink, 50), Pair(Stage::kShrink, 50),
                  Pair(Stage::kShrink, 25), Pair(Stage::kBisect, testing::DoubleNear(35.36, 0.01)),
                  Pair(Stage::kBisect, testing::DoubleNear(35.36, 0.01)), Pair(Stage::kConfirm, 25)));
}

TEST(RateSearchTest, GivesUpWhereNoRateHolds) {
  const Trial trial = Search({.from = 100}, HoldsUpTo(0));
  EXPECT_FALSE(trial.search.rate());
  EXPECT_FALSE(trial.search.highest_held());
  EXPECT_DOUBLE_EQ(*trial.search.lowest_failed(), 100.0 / 64);
}

TEST(RateSearchTest, DoesNotExceedTheHighestRate) {
  const Trial trial = Search({.from = 100, .to = 700, .repeats = 1}, HoldsUpTo(1e9));
  EXPECT_THAT(trial.probes, ElementsAre(Pair(Stage::kGrow, 100), Pair(Stage::kGrow, 200), Pair(Stage::kGrow, 400),
                                        Pair(Stage::kGrow, 700), Pair(Stage::kConfirm, 700)));
  EXPECT_EQ(trial.search.rate(), 700);
  EXPECT_FALSE(trial.search.lowest_failed());
}

// The server holds 300, and once by luck 400.
TEST(RateSearchTest, ALuckyRunIsFoundOut) {
  bool lucky = true;
  const Trial trial = Search({.from = 100, .precision = 0.05}, [&lucky](double rate) {
    if (rate == 400) return std::exchange(lucky, false) ? Verdict::kHeld : Verdict::kFailed;
    return rate <= 300 ? Verdict::kHeld : Verdict::kFailed;
  });
  EXPECT_LE(*trial.search.rate(), 300);
  EXPECT_GE(*trial.search.rate() * 1.05, 300);
  EXPECT_NEAR(*trial.search.lowest_failed(), 300, 15);
}

// A neighbour took the processor away when 200 was tried.
TEST(RateSearchTest, AnUnluckyRunIsTriedAgain) {
  bool unlucky = true;
  const Trial trial = Search({.from = 100, .precision = 0.05}, [&unlucky](double rate) {
    if (rate == 200 && std::exchange(unlucky, false)) return Verdict::kFailed;
    return rate <= 3000 ? Verdict::kHeld : Verdict::kFailed;
  });
  EXPECT_GE(*trial.search.rate() * 1.05, 3000);
}

TEST(RateSearchTest, MostOfTheRepeatsDecide) {
  // One of three fails: confirmed, and told.
  int confirmations = 0;
  const auto server = [&confirmations](int failing) {
    return [&confirmations, failing](double rate) {
      if (rate > 100) return Verdict::kFailed;
      return ++confirmations > 1 && confirmations <= 1 + failing ? Verdict::kFailed : Verdict::kHeld;
    };
  };
  const Trial one = Search({.from = 100, .precision = 1}, server(1));
  EXPECT_EQ(one.search.rate(), 100);
  EXPECT_EQ(one.search.held(), 2u);
  EXPECT_EQ(one.search.confirmed(), 3u);

  confirmations = 0;
  const Trial two = Search({.from = 100, .precision = 1}, server(2));
  EXPECT_EQ(two.search.rate(), 50) << "100 is refuted";
  EXPECT_EQ(two.search.lowest_failed(), 100);
  EXPECT_EQ(two.search.held(), 3u);
}

TEST(RateSearchTest, ATieIsNoConfirmation) {
  int runs = 0;
  const Trial trial = Search({.from = 100, .to = 100, .precision = 1, .repeats = 2}, [&runs](double rate) {
    return rate == 100 && ++runs == 3 ? Verdict::kFailed : Verdict::kHeld;
  });
  EXPECT_EQ(trial.search.rate(), 50);
}

TEST(RateSearchTest, TellsWhereTheLoadTesterWasTheLimit) {
  const auto server = [](double rate) {
    if (rate > 900) return Verdict::kClientLimited;
    return rate <= 700 ? Verdict::kHeld : Verdict::kFailed;
  };
  // The server's own limit lies below.
  EXPECT_FALSE(Search({.from = 100}, server).search.is_client_limited());

  // It is the limit only where it was in both runs.
  RateSearch twice({.from = 100});
  twice.Record(Verdict::kHeld);
  twice.Record(Verdict::kFailed);
  twice.Record(Verdict::kClientLimited);
  EXPECT_EQ(twice.lowest_failed(), 200);
  EXPECT_FALSE(twice.is_client_limited());

  const Trial trial =
      Search({.from = 100}, [](double rate) { return rate > 900 ? Verdict::kClientLimited : Verdict::kHeld; });
  EXPECT_TRUE(trial.search.is_client_limited());
  EXPECT_GE(*trial.search.rate() * 1.05, 900);
}

TEST(RateSearchTest, AnInterruptedSearchKnowsItsBracket) {
  RateSearch search({.from = 100});
  EXPECT_FALSE(search.highest_held());
  search.Record(Verdict::kHeld);
  search.Record(Verdict::kFailed);
  EXPECT_FALSE(search.lowest_failed()) << "it is tried again";
  search.Record(Verdict::kFailed);
  EXPECT_FALSE(search.rate());
  EXPECT_EQ(search.highest_held(), 100);
  EXPECT_EQ(search.lowest_failed(), 200);
}

// A server whose runs hold with a chance that falls from 1 to 0 around 1,000 calls/s: what noisy latency does.
TEST(RateSearchTest, NoiseDoesNotCarryItFarFromTheLimit) {
  std::mt19937 random(7);
  int near = 0;
  for (int i = 0; i < 500; ++i) {
    const Trial trial = Search({.from = 50}, [&random](double rate) {
      const double chance = 1 / (1 + std::pow(rate / 1000, 20));
      return std::generate_canonical<double, 32>(random) < chance ? Verdict::kHeld : Verdict::kFailed;
    });
    ASSERT_TRUE(trial.search.rate());
    // At 1,300 calls/s one run in 190 holds, at 500 one in a million fails.
    EXPECT_LT(*trial.search.rate(), 1300);
    EXPECT_GT(*trial.search.rate(), 500);
    near += std::abs(*trial.search.rate() - 1000) < 150;
    EXPECT_GE(2 * trial.search.held(), 3u);
  }
  EXPECT_GT(near, 450);
}

}  // namespace
}  // namespace meanwhile
