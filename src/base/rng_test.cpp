#include "base/rng.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace nescio {
namespace {

TEST(Rng, IsAFunctionOfItsKey) {
  EXPECT_EQ(Rng(1, 2, 3).next(), Rng(1, 2, 3).next());
  EXPECT_NE(Rng(1, 2, 3).next(), Rng(1, 3, 2).next());
  EXPECT_NE(Rng(1, 2, 3).next(), Rng(2, 2, 3).next());
  EXPECT_NE(mix(0, 0, 1), mix(0, 1, 0));
}

TEST(Rng, HasTheMomentsOfItsDistributions) {
  Rng rng(4);
  constexpr int n = 200000;
  double u = 0, z = 0, zz = 0;
  for (int i = 0; i < n; ++i) {
    const double a = rng.uniform();
    ASSERT_TRUE(a >= 0 && a < 1);
    const double b = rng.normal();
    u += a / n;
    z += b / n;
    zz += b * b / n;
  }
  EXPECT_NEAR(u, 0.5, 0.005);
  EXPECT_NEAR(z, 0, 0.015);
  EXPECT_NEAR(zz, 1, 0.02);
}

TEST(Rng, DrawsEveryNumberBelow) {
  Rng rng(5);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[rng.below(7)];
  for (const int c : counts) EXPECT_NEAR(c, 10000, 500);
}

TEST(Rng, PermutesEverything) {
  auto order = Rng(6).permutation(100);
  EXPECT_NE(order[0] * 100 + order[1], 1u);
  std::ranges::sort(order);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
  EXPECT_TRUE(Rng(6).permutation(0).empty());
}

}  // namespace
}  // namespace nescio
