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

TEST(Proportion, RefusesWhatIsNoShare) {
  EXPECT_THROW(share({0, 0}), Error);
  EXPECT_THROW(share({2, 1}), Error);
}

}  // namespace
}  // namespace nescio::metrics
