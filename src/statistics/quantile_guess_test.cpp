#include "statistics/quantile_guess.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "statistics/statistics.h"

namespace nescio::statistics {
namespace {

/// How a value of row r comes about.
using Draw = double (*)(std::size_t r, Rng& rng);

std::vector<float> values_of(std::size_t rows, std::size_t width, const Draw& draw) {
  std::vector<float> values;
  Rng rng(rows);
  for (std::size_t i = 0; i < rows * width; ++i) {
    values.push_back(static_cast<float>(draw(i / width, rng)));
  }
  return values;
}

/// numpy's quantile, from the order of all values.
double exact(std::vector<float> values, double q) {
  const double position = q * static_cast<double>(values.size() - 1);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(position);
  std::nth_element(values.begin(), at, values.end());
  const double below = *at, t = position - std::floor(position);
  if (t == 0) return below;
  const double difference = *std::min_element(at + 1, values.end()) - below;
  return t < 0.5 ? below + difference * t : below + difference * (1 - (1 - t));
}

double like_all_others(std::size_t, Rng& rng) { return std::max(rng.normal(), 0.0); }
double by_class(std::size_t r, Rng& rng) { return static_cast<double>(r / 2000) + rng.normal(); }
double rarely_large(std::size_t r, Rng& rng) { return r % 1777 == 5 ? 1e9 : rng.uniform(); }
double same(std::size_t, Rng&) { return -3; }

// Whatever the rows that are looked at first say, the result is that of all.
TEST(QuantileGuess, ManyValuesGiveTheSameAsSorting) {
  const std::size_t rows = 33000, width = 64;
  const std::vector<double> q = {0.001, 0.3, 0.5, 0.95, 0.9999999};
  for (const Draw& draw : {like_all_others, by_class, rarely_large, same}) {
    const std::vector<float> values = values_of(rows, width, draw);
    Statistics statistics({.name = "toy",
                           .arrays = {{"features", Array({rows, width}, std::vector(values))}},
                           .labels = {},
                           .classes = 0},
                          expr::Executor::cpu);
    const auto found =
        statistics.quantiles(input(std::make_shared<expr::Graph>(), "features", width), q);
    for (std::size_t i = 0; i < q.size(); ++i) {
      EXPECT_DOUBLE_EQ(found[i], exact(values, q[i])) << "q " << q[i];
    }
  }
}

// Rows that are like each other leave little room, such that differ much more.
TEST(QuantileGuess, IsAsWideAsRowsDiffer) {
  const std::size_t rows = 200, width = 100;
  const auto share_within = [&](const Draw& draw) {
    const std::vector<float> values = values_of(rows, width, draw);
    const auto guess = likely_quantiles({values.data(), rows, width}, {0.5})[0];
    const auto inside = std::count_if(values.begin(), values.end(),
                                      [&](float v) { return v >= guess.low && v <= guess.high; });
    return static_cast<double>(inside) / static_cast<double>(values.size());
  };
  EXPECT_NEAR(share_within([](std::size_t, Rng& rng) { return rng.normal(); }),
              2 * 4 * 0.5 / std::sqrt(rows * width), 0.01);
  EXPECT_GT(
      share_within([](std::size_t r, Rng& rng) { return (r % 2 == 0 ? 0 : 100) + rng.normal(); }),
      0.2);
}

TEST(QuantileGuess, IsOpenWhereTheEndIsNear) {
  const std::vector<float> values = {1, 2, 3, 4};
  const auto guess = likely_quantiles({values.data(), 4, 1}, {0.0, 1.0});
  EXPECT_EQ(guess[0].low, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(guess[1].high, std::numeric_limits<float>::infinity());
}

}  // namespace
}  // namespace nescio::statistics
