#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;
using testing::HasSubstr;

/// s - mean, in units of the standard deviation, both over the rows that were fitted on.
struct Standardised {
  double mean = 0, deviation = 0;

  template <class Score>
  Standardised(const std::vector<Row>& rows, Score score) {
    const auto n = static_cast<double>(rows.size());
    for (const Row& z : rows) mean += score(z) / n;
    for (const Row& z : rows) deviation += std::pow(score(z) - mean, 2) / n;
    deviation = std::sqrt(deviation);
  }
  double operator()(double s) const { return (s - mean) / deviation; }
};

double energy(const Row& z) { return -log_sum_exp(z); }
double max_logit(const Row& z) { return -std::ranges::max(z); }

TEST(Mean, IsThatOfStandardisedScores) {
  const ToyBank bank;
  const Standardised a(bank.train_logits, energy), b(bank.train_logits, max_logit);
  const auto weighted = [&](double of_a, double of_b) {
    return [&, of_a, of_b](std::size_t r) {
      const Row& z = bank.test_logits[r];
      return (of_a * a(energy(z)) + of_b * b(max_logit(z))) / (of_a + of_b);
    };
  };
  expect_formula(bank, "mean(energy,max_logit)", weighted(1, 1));
  expect_formula(bank, "mean(energy,max_logit,weights=(3,1))", weighted(3, 1));
  expect_formula(bank, "mean(energy,max_logit,weights=(0,2),fit_on=train)", weighted(0, 2));
}

/// The share of the rows that score lower, read off their quantiles, and the lines beyond them.
struct Ranked {
  Row knots;

  template <class Score>
  Ranked(const std::vector<Row>& rows, Score score) {
    Row all;
    for (const Row& z : rows) all.push_back(score(z));
    std::ranges::sort(all);
    for (int k = 0; k <= 1000; ++k) {
      const double place = k / 1000.0 * static_cast<double>(all.size() - 1);
      const auto below = static_cast<std::size_t>(place);
      const double above = all[std::min(below + 1, all.size() - 1)];
      knots.push_back(all[below] + (place - static_cast<double>(below)) * (above - all[below]));
    }
  }
  double operator()(double s) const {
    const double range = knots.back() - knots.front();
    if (s < knots.front()) return (s - knots.front()) / range;
    if (s >= knots.back()) return 1 + (s - knots.back()) / range;
    std::size_t k = 0;
    while (s >= knots[k + 1]) ++k;
    return (static_cast<double>(k) + (s - knots[k]) / (knots[k + 1] - knots[k])) / 1000;
  }
};

TEST(Fusion, OfRanksIsReadOffTheQuantiles) {
  const ToyBank bank;
  const Ranked a(bank.train_logits, energy), b(bank.train_logits, max_logit);
  const auto joined = [&](auto join) {
    return [&, join](std::size_t r) {
      const Row& z = bank.test_logits[r];
      return join(a(energy(z)), b(max_logit(z)));
    };
  };
  expect_formula(bank, "mean(energy,max_logit,normalise=rank)",
                 joined([](double x, double y) { return (x + y) / 2; }));
  expect_formula(bank, "max(energy,max_logit,normalise=rank)",
                 joined([](double x, double y) { return std::max(x, y); }));
  expect_formula(bank, "min(energy,max_logit,normalise=rank)",
                 joined([](double x, double y) { return std::min(x, y); }));
}

TEST(Fusion, OfZScoresTakesTheLargestOrSmallest) {
  const ToyBank bank;
  const Standardised a(bank.train_logits, energy), b(bank.train_logits, max_logit);
  const auto joined = [&](auto join) {
    return [&, join](std::size_t r) {
      const Row& z = bank.test_logits[r];
      return join(a(energy(z)), b(max_logit(z)));
    };
  };
  expect_formula(bank, "max(energy,max_logit)",
                 joined([](double x, double y) { return std::max(x, y); }));
  expect_formula(bank, "min(energy,max_logit)",
                 joined([](double x, double y) { return std::min(x, y); }));
}

// Ranks rise with the score everywhere: between quantiles, at them, and beyond all that was seen.
TEST(Fusion, OfRanksKeepsTheOrderOfScores) {
  ToyBank bank;
  bank.test_logits[0].assign(bank.test_logits[0].size(), 1e4);  // far beyond
  bank.test_logits[1].assign(bank.test_logits[1].size(), 2e4);
  bank.test_logits[2].assign(bank.test_logits[2].size(), -1e4);
  bank.test_logits[3].assign(bank.test_logits[3].size(), -2e4);
  bank.test_logits[4] = bank.train_logits[0];  // a score that was seen
  const Row alone = bank.scores("max_logit", Executor::reference);
  const Row ranked = bank.scores("mean(max_logit,max_logit,normalise=rank)", Executor::reference);
  for (std::size_t r = 0; r < alone.size(); ++r) {
    for (std::size_t other = 0; other < alone.size(); ++other) {
      EXPECT_EQ(alone[r] < alone[other], ranked[r] < ranked[other]) << r << ' ' << other;
    }
  }
  EXPECT_LT(ranked[1], ranked[0]);
  EXPECT_GT(ranked[3], ranked[2]);
}

// Scores that nearly all rows share: the quantiles are equal but for the last.
TEST(Fusion, OfRanksTakesTiedScores) {
  ToyBank bank;
  for (std::size_t r = 1; r < bank.train_logits.size(); ++r) {
    bank.train_logits[r] = bank.train_logits[1];
  }
  for (const Executor& executor : {Executor::cpu, Executor::reference}) {
    for (const double s : bank.scores("mean(energy,max_logit,normalise=rank)", executor)) {
      EXPECT_TRUE(std::isfinite(s));
    }
  }
}

TEST(Mean, TakesWhateverHasAScore) {
  const ToyBank bank;
  // The same detector twice is that detector, standardised: the order of its rows stays.
  const Row alone = bank.scores("react(q=0.5)+knn(k=3)", Executor::reference);
  const Row twice =
      bank.scores("mean(react(q=0.5)+knn(k=3),react(q=0.5)+knn(k=3))", Executor::reference);
  for (std::size_t r = 1; r < alone.size(); ++r) {
    EXPECT_EQ(alone[r] > alone[r - 1], twice[r] > twice[r - 1]) << r;
  }
  // A shaper before it stands before each of its detectors.
  const Row before = bank.scores("react(q=0.5)+mean(energy,knn(k=3))", Executor::reference);
  const Row inside =
      bank.scores("mean(react(q=0.5)+energy,react(q=0.5)+knn(k=3))", Executor::reference);
  for (std::size_t r = 0; r < before.size(); ++r) EXPECT_NEAR(before[r], inside[r], 1e-9);
  EXPECT_EQ(bank.scores("mean(mean(energy,msp),vim)").size(), ToyBank::test_rows);
}

TEST(Mean, RefusesADetectorThatTellsNoRowFromAnother) {
  ToyBank bank;
  for (Row& z : bank.train_logits) z = bank.train_logits[0];
  for (const char* spec : {"mean(knn,energy)", "max(knn,energy,normalise=rank)"}) {
    EXPECT_THAT(io::error_of([&] { bank.scores(spec); }),
                HasSubstr("energy gives all 200 rows of toy/train the same score"));
  }
}

TEST(Mean, RefusesScalesOfOtherDetectors) {
  const auto score = [](std::size_t scales) {
    Chain chain("mean(msp,energy)");
    const Array values({1, scales}, std::vector<float>(scales, 1));
    chain.load({{"0.location", values}, {"0.scale", values}});
    return io::error_of([&] { chain.score(make_inputs(3, 0, std::nullopt)); });
  };
  Chain ranked("mean(msp,energy,normalise=rank)");
  ranked.load({{"0.quantiles", Array({3, 2}, std::vector<float>(6))}});
  EXPECT_THAT(io::error_of([&] { ranked.score(make_inputs(3, 0, std::nullopt)); }),
              HasSubstr("expected 1001 quantiles of each of 2 detectors, found 3 of 2"));
  EXPECT_EQ(score(2), "");
  EXPECT_NE(score(3), "");
  EXPECT_NE(score(0), "");
}

}  // namespace
}  // namespace nescio::detectors
