#include "metrics/proportion.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace nescio::metrics {
namespace {

// Wilson 1927: the ends are the shares p at which the found share lies z standard errors away.
TEST(Proportion, WilsonEndsSolveTheirEquation) {
  for (const Proportion p : {Proportion{9173, 10000}, Proportion{3, 7}, Proportion{1, 20}}) {
    const auto [lower, upper] = wilson_interval(p, 0.95);
    for (const double end : {lower, upper}) {
      const double error = std::sqrt(end * (1 - end) / static_cast<double>(p.rows));
      EXPECT_NEAR(std::abs(share(p) - end), 1.959963984540054 * error, 1e-12);
    }
    EXPECT_LT(lower, share(p));
    EXPECT_GT(upper, share(p));
  }
}

TEST(Proportion, WilsonAtTheEdges) {
  const auto none = wilson_interval({0, 10}, 0.95);
  EXPECT_EQ(none.lower, 0);
  EXPECT_NEAR(none.upper, 0.2775327998628892, 1e-12);
  const auto all = wilson_interval({10, 10}, 0.95);
  EXPECT_NEAR(all.lower, 1 - 0.2775327998628892, 1e-12);
  EXPECT_NEAR(all.upper, 1, 1e-15);
  EXPECT_LE(all.upper, 1);
}

double choose(std::size_t n, std::size_t k) {
  double out = 1;
  for (std::size_t i = 1; i <= k; ++i)
    out = out * static_cast<double>(n - k + i) / static_cast<double>(i);
  return out;
}

double at_least(std::size_t k, std::size_t n, double p) {
  double sum = 0;
  for (std::size_t i = k; i <= n; ++i) {
    sum += choose(n, i) * std::pow(p, static_cast<double>(i)) *
           std::pow(1 - p, static_cast<double>(n - i));
  }
  return sum;
}

// Clopper and Pearson 1934: at the lower end so many or more, at the upper end so many or fewer, have
// probability 2.5 %.
TEST(Proportion, ClopperPearsonEndsSolveTheirEquations) {
  for (const Proportion p : {Proportion{3, 7}, Proportion{1, 20}, Proportion{45, 50}}) {
    const auto [lower, upper] = clopper_pearson_interval(p, 0.95);
    EXPECT_NEAR(at_least(p.count, p.rows, lower), 0.025, 1e-12);
    EXPECT_NEAR(1 - at_least(p.count + 1, p.rows, upper), 0.025, 1e-12);
    const auto wilson = wilson_interval(p, 0.95);
    EXPECT_LT(lower, wilson.lower);
    EXPECT_GT(upper, wilson.upper);
  }
  EXPECT_EQ(clopper_pearson_interval({0, 10}, 0.95).lower, 0);
  EXPECT_NEAR(clopper_pearson_interval({0, 10}, 0.95).upper, 1 - std::pow(0.025, 0.1), 1e-12);
  EXPECT_EQ(clopper_pearson_interval({10, 10}, 0.95).upper, 1);
  // Many rows: ends found by summing the binomial terms in logarithms, outside of this program.
  const auto large = clopper_pearson_interval({9500, 10000}, 0.95);
  EXPECT_NEAR(large.lower, 0.9455454729716546, 1e-10);
  EXPECT_NEAR(large.upper, 0.9541900578016214, 1e-10);
}

TEST(Proportion, RefusesWhatIsNoShare) {
  EXPECT_THROW(share({0, 0}), Error);
  EXPECT_THROW(share({2, 1}), Error);
}

}  // namespace
}  // namespace nescio::metrics
