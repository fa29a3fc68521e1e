#include "math/fastest_way.h"

#include <gtest/gtest.h>

namespace nescio::math {
namespace {

/// How often each way is gone in so many uses.
std::vector<std::size_t> uses(FastestWay& ways, std::size_t count,
                              const std::vector<double>& seconds) {
  std::vector<std::size_t> out(ways.ways());
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t way = ways.next();
    ++out[way];
    ways.took(way, seconds[way]);
  }
  return out;
}

TEST(FastestWay, IsGoneMostlyOnceAllAreTried) {
  FastestWay ways(3);
  EXPECT_EQ(uses(ways, 3, {3, 1, 2}), (std::vector<std::size_t>{1, 1, 1}));
  const auto later = uses(ways, 997, {3, 1, 2});
  EXPECT_GT(later[1], 970U);
  EXPECT_GT(later[0], 2U);
  EXPECT_EQ(later[0], later[2]);
}

TEST(FastestWay, ChangesWithTheData) {
  FastestWay ways(2);
  uses(ways, 100, {1, 2});
  EXPECT_GT(uses(ways, 1000, {4, 2})[1], 950U);
}

TEST(FastestWay, ForgetsASlowMoment) {
  FastestWay ways(2);
  uses(ways, 2, {1, 2});
  uses(ways, 2, {100, 2});  // the machine was busy
  EXPECT_GT(uses(ways, 1000, {1, 2})[0], 900U);
}

TEST(FastestWay, IsTheOnlyOne) {
  FastestWay one(1);
  EXPECT_EQ(uses(one, 50, {1}), (std::vector<std::size_t>{50}));
}

}  // namespace
}  // namespace nescio::math
