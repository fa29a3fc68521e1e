#include "detectors/increasing_root.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace nescio::detectors {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(IncreasingRoot, IsFoundFromEitherSide) {
  const auto cube = [](double x) { return ValueAndSlope{x * x * x - 8, 3 * x * x}; };
  for (const double start : {1e-3, 1.0, 2.0, 50.0, 1e6}) {
    EXPECT_NEAR(increasing_root(cube, start, 0, infinity), 2, 1e-12) << start;
    if (start < 100) {
      EXPECT_NEAR(increasing_root(cube, start, 0, 100), 2, 1e-12) << start;
    }
  }
}

// Newton's method alone runs away from these.
TEST(IncreasingRoot, IsFoundWhereTheFunctionIsFlat) {
  int evaluations = 0;
  const auto flat = [&](double x) {
    ++evaluations;
    return ValueAndSlope{std::atan(x - 3), 1 / (1 + (x - 3) * (x - 3))};
  };
  EXPECT_NEAR(increasing_root(flat, 900, 0, 1000), 3, 1e-12);
  EXPECT_NEAR(increasing_root(flat, 0.01, 0, infinity), 3, 1e-12);
  EXPECT_LT(evaluations, 60);
  const auto step = [](double x) { return ValueAndSlope{x < 0.7 ? -1.0 : 1.0, 0}; };
  EXPECT_NEAR(increasing_root(step, 1, 0, 8), 0.7, 1e-9);
}

TEST(IncreasingRoot, TakesFewEvaluations) {
  int evaluations = 0;
  const auto smooth = [&](double x) {
    ++evaluations;
    return ValueAndSlope{std::log(x), 1 / x};
  };
  EXPECT_NEAR(increasing_root(smooth, 0.5, 0, infinity), 1, 1e-14);
  EXPECT_LE(evaluations, 8);
}

}  // namespace
}  // namespace nescio::detectors
