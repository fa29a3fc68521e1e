#include "metrics/rank_correlation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/rng.h"

namespace nescio::metrics {
namespace {

using testing::ElementsAre;

Array scores(const std::vector<float>& values) { return Array({values.size()}, values); }

TEST(RankCorrelation, EqualScoresShareTheirRanks) {
  EXPECT_THAT(mid_ranks(scores({3, 1, 2, 2, -7})), ElementsAre(5, 2, 3.5, 3.5, 1));
  EXPECT_THAT(mid_ranks(scores({4})), ElementsAre(1));
}

TEST(RankCorrelation, IsThatOfTheDefinition) {
  Rng rng(3);
  std::vector<float> a, b;
  for (int i = 0; i < 200; ++i) {
    a.push_back(static_cast<float>(rng.normal()));
    b.push_back(a.back() + static_cast<float>(rng.normal()));
  }
  // Without ties: 1 - 6 sum of squared differences of ranks / (n (n^2 - 1)).
  const auto ra = mid_ranks(scores(a)), rb = mid_ranks(scores(b));
  double squares = 0;
  for (std::size_t i = 0; i < ra.size(); ++i) squares += (ra[i] - rb[i]) * (ra[i] - rb[i]);
  EXPECT_NEAR(correlation(ra, rb), 1 - 6 * squares / (200.0 * (200.0 * 200 - 1)), 1e-12);
}

TEST(RankCorrelation, SeesTheOrderAlone) {
  const auto up = mid_ranks(scores({1, 2, 3, 4})), bent = mid_ranks(scores({-9, 0, 5, 1e6F}));
  const auto down = mid_ranks(scores({4, 3, 2, 1})), flat = mid_ranks(scores({2, 2, 2, 2}));
  EXPECT_DOUBLE_EQ(correlation(up, bent), 1);
  EXPECT_DOUBLE_EQ(correlation(up, down), -1);
  EXPECT_EQ(correlation(up, flat), 0);
  EXPECT_EQ(correlation({}, {}), 0);
  EXPECT_THROW(correlation(up, std::vector<double>{1}), Error);
}

}  // namespace
}  // namespace nescio::metrics
