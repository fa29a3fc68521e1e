#include "monitoring/drift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/rng.h"

namespace nescio::monitoring {
namespace {

std::vector<float> sorted(std::vector<float> values) {
  std::ranges::sort(values);
  return values;
}

// scipy.stats.ks_2samp(a, b, method="exact") and "asymp" of 1.17 (whose limit is another one, of one sample).
TEST(Drift, KsIsThatOfScipy) {
  const auto a = sorted({0.61F, 0.29F, 0.06F,  0.59F,  -1.73F, -0.74F, 0.51F, -0.56F, 0.39F,
                         1.64F, 0.05F, -0.06F, 0.64F,  -0.82F, 0.37F,  1.77F, 1.09F,  -1.28F,
                         2.36F, 1.31F, 1.05F,  -0.32F, -0.40F, 1.06F,  -2.47F});
  const auto b = sorted({1.2F, 0.3F, 0.8F, -0.1F, 2.2F, 1.7F, 0.9F, 1.1F, -0.3F, 0.65F});
  const KsTest exact = ks_test(a, b);
  EXPECT_NEAR(exact.statistic, 0.42, 1e-12);
  EXPECT_NEAR(exact.p_value, 0.12753414331965662, 1e-14);
  EXPECT_NEAR(ks_test(b, a).p_value, exact.p_value, 1e-14);

  const std::vector<float> ties = {1, 1, 2, 3, 3, 3, 4}, more_ties = {2, 3, 3, 5, 5, 6};
  EXPECT_NEAR(ks_test(ties, more_ties).statistic, 0.5, 1e-12);
  EXPECT_NEAR(ks_test(ties, more_ties).p_value, 0.3327505827505828, 1e-14);

  std::vector<float> c(300), d(40);
  std::iota(c.begin(), c.end(), 0.0F);
  for (std::size_t i = 0; i < d.size(); ++i) d[i] = static_cast<float>(i) * 7.3F + 40.05F;
  EXPECT_NEAR(ks_test(d, c).statistic, 0.13666666666666666, 1e-12);
  EXPECT_NEAR(ks_test(d, c).p_value, 0.4861238039252206, 1e-12);

  // A p-value far below the rounding of 1.
  std::vector<float> e(100), f(100);
  std::iota(e.begin(), e.end(), 0.0F);
  std::iota(f.begin(), f.end(), 60.5F);
  EXPECT_NEAR(ks_test(e, f).p_value / 1.1250455638865439e-17, 1, 1e-9);
}

// Smirnov's table (Annals of Mathematical Statistics 19, 1948): 1.36 and 1.63 are the points of 5 % and 1 %.
TEST(Drift, LimitIsSmirnovs) {
  for (const auto& [x, tail] : {std::pair{0.1, 1.0},
                                {0.3, 0.9999906941986655},
                                {0.5, 0.9639452436648751},
                                {1.0, 0.26999967167735456},
                                {1.3581, 0.0499996304316674},
                                {1.6276, 0.010001537333060776},
                                {3.0, 3.045995948942526e-08},
                                {5.0, 3.8574996959278356e-22}}) {
    EXPECT_NEAR(kolmogorov_tail(x) / tail, 1, 1e-12) << x;
  }
  // Exact p-values come close to it.
  std::vector<float> a(900), b(1100);
  std::iota(a.begin(), a.end(), 0.0F);
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i) * 0.75F;
  const KsTest exact = ks_test(a, b), limit = ks_test(a, b, 0);
  EXPECT_EQ(exact.statistic, limit.statistic);
  EXPECT_NEAR(exact.p_value / limit.p_value, 1, 0.1);
}

TEST(Drift, KsOfEqualSamplesIsNothing) {
  const std::vector<float> a = {1, 2, 3};
  EXPECT_EQ(ks_test(a, a).statistic, 0);
  EXPECT_EQ(ks_test(a, a).p_value, 1);
  EXPECT_EQ(ks_test(a, a, 0).p_value, 1);
  EXPECT_THROW(ks_test({}, a), Error);
  EXPECT_THROW(ks_test(a, {}), Error);
}

// A plain count over the ten bins, as it is defined.
TEST(Drift, StabilityIndexIsItsDefinition) {
  Rng rng(1);
  std::vector<float> calibration(1000), window(200);
  for (float& s : calibration) s = static_cast<float>(rng.normal());
  for (float& s : window) s = static_cast<float>(rng.normal() + 0.5);
  calibration = sorted(calibration);
  const StabilityIndex index(calibration);
  ASSERT_EQ(index.bounds().size(), 9U);
  double psi = 0;
  for (int b = 0; b < 10; ++b) {
    const auto inside = [&](float s) {
      return (b == 0 || s > calibration[static_cast<std::size_t>(100 * b - 1)]) &&
             (b == 9 || s <= calibration[static_cast<std::size_t>(100 * b + 99)]);
    };
    const double a = (static_cast<double>(std::ranges::count_if(window, inside)) + 0.5) / 205;
    const double e = (static_cast<double>(std::ranges::count_if(calibration, inside)) + 0.5) / 1005;
    EXPECT_NEAR(e, 0.1, 1e-12);
    psi += (a - e) * std::log(a / e);
  }
  EXPECT_NEAR(index(window), psi, 1e-12);
  EXPECT_GT(psi, 0.1);
  EXPECT_NEAR(index(calibration), 0, 1e-12);
}

TEST(Drift, StabilityIndexByChance) {
  Rng rng(2);
  double mean = 0;
  constexpr int draws = 400;
  for (int d = 0; d < draws; ++d) {
    std::vector<float> calibration(2000), window(500);
    for (float& s : calibration) s = static_cast<float>(rng.uniform());
    for (float& s : window) s = static_cast<float>(rng.uniform());
    const StabilityIndex index(sorted(calibration));
    mean += index(window) / draws;
    EXPECT_NEAR(index.by_chance(500), 9 * (1 / 500.0 + 1 / 2000.0), 1e-12);
  }
  EXPECT_NEAR(mean / (9 * (1 / 500.0 + 1 / 2000.0)), 1, 0.1);
}

TEST(Drift, StabilityIndexJoinsEqualBins) {
  const StabilityIndex one(std::vector<float>(20, 3.0F));
  EXPECT_TRUE(one.bounds().empty());
  EXPECT_EQ(one(std::vector<float>{1, 2, 9}), 0);
  std::vector<float> half(20, 0.0F);
  std::fill(half.begin() + 10, half.end(), 1.0F);
  const StabilityIndex two(half);
  EXPECT_THAT(two.bounds(), testing::ElementsAre(0));
  EXPECT_THAT(two.counts(half), testing::ElementsAre(10, 10));
  EXPECT_THROW(StabilityIndex({}), Error);
}

}  // namespace
}  // namespace nescio::monitoring
