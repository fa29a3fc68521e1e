#include "monitoring/stream_p_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/rng.h"

namespace nescio::monitoring {
namespace {

// All orders of two calibration rows and three of the stream are equally likely: then the three p-values are
// independent and uniform, which their joint distribution on a grid says exactly, but for what V is drawn to be.
TEST(StreamPValues, AreUniformAndIndependentOverAllOrders) {
  std::vector<float> order = {1, 2, 3, 4, 5};
  constexpr int seeds = 2000;
  int orders = 0;
  std::vector<int> joint(8);  // how often p_1, p_2, p_3 <= 1/3, as bits
  do {
    ++orders;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      StreamPValues p(std::span<const float>(order).first(2),
                      seed * 120 + static_cast<std::uint64_t>(orders));
      unsigned small = 0;
      for (std::size_t k = 0; k < 3; ++k) small |= unsigned{p.next(order[2 + k]) <= 1.0 / 3} << k;
      ++joint[small];
    }
  } while (std::ranges::next_permutation(order).found);
  ASSERT_EQ(orders, 120);
  for (unsigned small = 0; small < 8; ++small) {
    const double share =
        std::pow(1.0 / 3, std::popcount(small)) * std::pow(2.0 / 3, 3 - std::popcount(small));
    const double rows = 120.0 * seeds;
    EXPECT_NEAR(joint[small], rows * share, 4 * std::sqrt(rows * share * (1 - share))) << small;
  }
}

// The definition: the interval in which p lies is that of a naive count of all scores so far.
TEST(StreamPValues, AreTheirDefinition) {
  Rng rng(3);
  std::vector<float> calibration(50), all;
  for (float& score : calibration) score = static_cast<float>(rng.normal());
  StreamPValues p(calibration, 7);
  std::vector<float> stream;
  for (int k = 1; k <= 400; ++k) {
    const auto score = static_cast<float>(rng.normal());
    // The gap of the score, and what of the stream lies in it and above.
    const auto above_of = [](const std::vector<float>& scores, float s) {
      return std::ranges::count_if(scores, [s](float other) { return other > s; });
    };
    std::vector<float> sorted = calibration;
    std::ranges::sort(sorted);
    const auto gap = std::ranges::lower_bound(sorted, score) - sorted.begin();
    double here = 1, above = static_cast<double>(above_of(calibration, score));
    for (const float other : stream) {
      const auto its = std::ranges::lower_bound(sorted, other) - sorted.begin();
      here += its == gap;
      above += its > gap;
    }
    const double value = p.next(score) * (50 + k);
    EXPECT_GT(value, above) << k;
    EXPECT_LT(value, above + here) << k;
    stream.push_back(score);
  }
  EXPECT_EQ(std::accumulate(p.gaps().begin(), p.gaps().end(), std::uint64_t{0}), 400U);
}

TEST(StreamPValues, AreUniformWithTies) {
  Rng rng(5);
  double sum = 0, squares = 0;
  int rows = 0, lowest = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    std::vector<float> calibration(20);
    for (float& score : calibration) score = static_cast<float>(rng.below(3));
    StreamPValues p(calibration, seed);
    for (int k = 0; k < 50; ++k, ++rows) {
      const double value = p.next(static_cast<float>(rng.below(3)));
      sum += value;
      squares += value * value;
      lowest += value <= 0.05;
    }
  }
  EXPECT_NEAR(sum / rows, 0.5, 4 * std::sqrt(1 / 12.0 / rows));
  EXPECT_NEAR(squares / rows, 1 / 3.0, 4 * std::sqrt(4 / 45.0 / rows));
  EXPECT_NEAR(static_cast<double>(lowest) / rows, 0.05, 4 * std::sqrt(0.05 * 0.95 / rows));
}

TEST(StreamPValues, AreSmallForHighScores) {
  std::vector<float> calibration(99);
  std::iota(calibration.begin(), calibration.end(), 0.0F);
  StreamPValues p(calibration, 1);
  EXPECT_LT(p.next(1000), 0.01);
  EXPECT_GT(p.next(-1000), 0.99);
}

TEST(StreamPValues, GoOnWhereTheyWere) {
  const std::vector<float> calibration = {1, 2, 2, 3, 5};
  StreamPValues whole(calibration, 9), first(calibration, 9), rest(calibration, 9);
  for (int k = 0; k < 30; ++k)
    EXPECT_EQ(whole.next(static_cast<float>(k % 7)), first.next(static_cast<float>(k % 7)));
  rest.restore(first.gaps());
  EXPECT_EQ(rest.rows(), 30U);
  for (int k = 0; k < 30; ++k)
    EXPECT_EQ(whole.next(static_cast<float>(k % 5)), rest.next(static_cast<float>(k % 5)));
  EXPECT_THROW(rest.restore({1, 2}), Error);
}

TEST(StreamPValues, RefuseWhatIsNoScore) {
  EXPECT_THROW(StreamPValues({}, 0), Error);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(StreamPValues(std::vector{1.0F, nan}, 0), Error);
  StreamPValues p(std::vector{1.0F}, 0);
  EXPECT_THROW(p.next(nan), Error);
  EXPECT_EQ(p.rows(), 0U);
}

}  // namespace
}  // namespace nescio::monitoring
