#include "math/bracket.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "math/every_target.h"

namespace nescio::math {
namespace {

class BracketTest : public EveryTarget {};
INSTANTIATE_TEST_SUITE_P(Targets, BracketTest, testing::ValuesIn(targets_here()), target_name);

TEST_P(BracketTest, GivesEveryRankThatItHolds) {
  for (const std::size_t count : {1u, 7u, 64u, 65u, 1000u, 9001u}) {
    const Rows values(1, count, count, whole(5, 40));
    std::vector<float> sorted = values.values;
    std::sort(sorted.begin(), sorted.end());
    Bracket bracket{.interval = {-7.5f, 12}, .most = count}, second = bracket;
    const std::size_t cut = count / 3;
    EXPECT_TRUE(bracket.add(std::span(values.values).first(cut)));
    EXPECT_TRUE(second.add(std::span(values.values).subspan(cut)));
    bracket.add(second);
    for (std::size_t rank = 0; rank < count; ++rank) {
      const bool within = sorted[rank] >= -7.5f && sorted[rank] <= 12;
      ASSERT_EQ(bracket.has(rank), within) << rank << " of " << count;
      if (!within) continue;
      ASSERT_EQ(bracket.value(rank), sorted[rank]);
    }
    EXPECT_FALSE(bracket.has(count));
  }
}

TEST_P(BracketTest, RefusesNaNWhereverItStands) {
  for (std::size_t at = 0; at < 70; ++at) {
    std::vector<float> values(70, 1);
    values[at] = std::numeric_limits<float>::quiet_NaN();
    Bracket bracket{.interval = {0, 2}, .most = 100};
    EXPECT_FALSE(bracket.add(values)) << at;
  }
}

// Behind a ReLU most values are the same, and none of them may have to be kept.
TEST_P(BracketTest, KeepsNoValuesAtItsEnds) {
  Bracket bracket{.interval = {-0.0f, 2}, .most = 4};
  const std::vector<float> values = {0, -0.0f, 2, 0, 1, 2, 0, 3, -1, 0, 0, 1.5f, 0, 0, 0, 0, 0};
  EXPECT_TRUE(bracket.add(values));
  EXPECT_EQ(bracket.below, 1u);
  EXPECT_EQ(bracket.at_low, 11u);
  EXPECT_EQ(bracket.inside.size(), 2u);
  EXPECT_EQ(bracket.at_high, 2u);
  EXPECT_FALSE(bracket.has(0));
  EXPECT_EQ(bracket.value(11), 0);
  EXPECT_EQ(bracket.value(13), 1.5f);
  EXPECT_EQ(bracket.value(12), 1);
  EXPECT_EQ(bracket.value(15), 2);
  EXPECT_FALSE(bracket.has(16));
  EXPECT_TRUE(bracket.add(std::vector<float>{1, 1, 1}));
  EXPECT_TRUE(bracket.too_many);
  EXPECT_FALSE(bracket.has(1));
}

}  // namespace
}  // namespace nescio::math
