#include "calibration/p_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "calibration/test_scores.h"

namespace nescio::calibration {
namespace {

using testing::ElementsAre;

TEST(PValues, AreTheirDefinition) {
  const ConformalPValues p({3, 1, 2, 2}, Validity::marginal);
  for (const auto& [score, expected] : {std::pair{0.0, 1.0},
                                        {1.0, 1.0},
                                        {1.5, 0.8},
                                        {2.0, 0.8},
                                        {2.5, 0.4},
                                        {3.0, 0.4},
                                        {3.1, 0.2}}) {
    EXPECT_DOUBLE_EQ(p(score), expected) << score;
  }
  EXPECT_DOUBLE_EQ(ConformalPValues({5}, Validity::marginal)(6), 0.5);
}

// A row from the same source gets p <= t with probability t at most, over sets and rows together.
TEST(PValues, AreValidOverSets) {
  Rng rng(1);
  constexpr int draws = 20000;
  std::vector<int> at_most(4, 0);
  const std::vector<double> levels = {0.05, 0.1, 0.3, 0.5};
  for (int d = 0; d < draws; ++d) {
    const ConformalPValues p(uniform_scores(19, rng), Validity::marginal);
    const double value = p(static_cast<float>(rng.uniform()));
    for (std::size_t l = 0; l < levels.size(); ++l) at_most[l] += value <= levels[l] + 1e-12;
  }
  for (std::size_t l = 0; l < levels.size(); ++l) {
    // With 19 scores these levels are reached exactly.
    const double give = 3 * std::sqrt(levels[l] * (1 - levels[l]) / draws);
    EXPECT_NEAR(static_cast<double>(at_most[l]) / draws, levels[l], give);
  }
}

// For uniform scores P(p <= values[j - 1]) is one less the j-th largest score: with the stated confidence it is at
// most that value, for all j at once.
double how_often_valid(std::size_t n, Validity validity, double confidence) {
  Rng rng(n);
  constexpr int draws = 20000;
  int valid = 0;
  for (int d = 0; d < draws; ++d) {
    const ConformalPValues p(uniform_scores(n, rng), validity, confidence);
    bool holds = true;
    for (std::size_t j = 1; j <= n; ++j) {
      holds = holds && 1 - static_cast<double>(p.scores()[n - j]) <= p.values()[j - 1];
    }
    valid += holds;
  }
  return static_cast<double>(valid) / draws;
}

TEST(PValues, OfOneSetAreValidWithTheirConfidence) {
  for (const std::size_t n : {1U, 2U, 5U, 50U, 101U}) {
    for (const double confidence : {0.5, 0.95}) {
      const double give = 3 * std::sqrt(confidence * (1 - confidence) / 20000);
      EXPECT_GE(how_often_valid(n, Validity::conditional, confidence), confidence - give) << n;
    }
  }
  EXPECT_LT(how_often_valid(50, Validity::marginal, 0.95), 0.7);  // which is why
}

TEST(PValues, SimesBoundsAreTheirFormula) {
  const double delta = 0.05;
  // n = 4, k = 2: b_{5-i} = 1 - sqrt(delta i (i - 1) / 12), i = 4, 3, 2, 1.
  EXPECT_THAT(simes_bounds(4, 1 - delta),
              ElementsAre(testing::DoubleNear(1 - std::sqrt(delta), 1e-12),
                          testing::DoubleNear(1 - std::sqrt(delta * 6 / 12), 1e-12),
                          testing::DoubleNear(1 - std::sqrt(delta * 2 / 12), 1e-12), 1));
  const auto bounds = simes_bounds(10000, 0.95);
  EXPECT_TRUE(std::ranges::is_sorted(bounds));
  EXPECT_NEAR(bounds.front(), -std::expm1(std::log(delta) / 5000), 1e-15);
  const ConformalPValues p(std::vector<float>(100, 1.0F), Validity::conditional);
  EXPECT_EQ(p(0), 1);
  EXPECT_GT(p(2), 1.0 / 101);
}

TEST(FalseDiscoveries, AreThoseOfBenjaminiAndHochberg) {
  // Sorted 0.01, 0.02, 0.03, 0.5 at rate 0.05: 0.03 <= 0.05 * 3 / 4.
  EXPECT_THAT(false_discovery_rate(std::vector<double>{0.5, 0.03, 0.01, 0.02}, 0.05),
              ElementsAre(false, true, true, true));
  EXPECT_THAT(false_discovery_rate(std::vector<double>{0.5, 0.04}, 0.05),
              ElementsAre(false, false));
  // 0.021 is above its own line but 0.03 carries it.
  EXPECT_THAT(false_discovery_rate(std::vector<double>{0.021, 0.03}, 0.03),
              ElementsAre(true, true));
  EXPECT_TRUE(false_discovery_rate({}, 0.1).empty());
  EXPECT_THROW(false_discovery_rate({}, 0), Error);
}

// Batches of 80 ID rows and 20 others: the share of ID rows among the flagged ones stays below the rate, and the others
// are found.
TEST(FalseDiscoveries, AreFewOnMixedBatches) {
  Rng rng(5);
  constexpr int batches = 2000;
  double sum = 0, squares = 0, found = 0;
  for (int b = 0; b < batches; ++b) {
    const ConformalPValues p(uniform_scores(500, rng), Validity::marginal);
    std::vector<double> values;
    for (int i = 0; i < 100; ++i) {
      const double score = rng.uniform();
      values.push_back(p(static_cast<float>(i < 80 ? score : 0.98 + 0.1 * score)));
    }
    const auto rejected = false_discovery_rate(values, 0.1);
    const auto wrong = std::count(rejected.begin(), rejected.begin() + 80, true);
    const auto right = std::count(rejected.begin() + 80, rejected.end(), true);
    const double share = static_cast<double>(wrong) /
                         static_cast<double>(std::max<std::ptrdiff_t>(1, wrong + right));
    sum += share;
    squares += share * share;
    found += static_cast<double>(right) / 20;
  }
  const double mean = sum / batches;
  const double error = std::sqrt((squares / batches - mean * mean) / batches);
  EXPECT_LE(mean, 0.1 + 3 * error);
  EXPECT_GT(mean, 0.05);
  EXPECT_GT(found / batches, 0.5);
}

TEST(PValues, RefuseWhatMeansNothing) {
  EXPECT_THROW(ConformalPValues({}, Validity::marginal), Error);
  EXPECT_THROW(ConformalPValues({std::numeric_limits<float>::infinity()}, Validity::marginal),
               Error);
  EXPECT_THROW(ConformalPValues({1}, Validity::conditional, 1), Error);
}

}  // namespace
}  // namespace nescio::calibration
