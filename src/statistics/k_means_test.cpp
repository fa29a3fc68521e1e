#include "statistics/k_means.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "statistics/test_clouds.h"

namespace nescio::statistics {
namespace {

// Lloyd's steps as written down, on rows in memory.
std::vector<Row> lloyd(const std::vector<Row>& rows, std::vector<Row> centres,
                       std::size_t iterations) {
  for (std::size_t i = 0; i < iterations; ++i) {
    std::vector<Row> sums(centres.size(), Row(rows[0].size(), 0));
    std::vector<double> counts(centres.size(), 0);
    for (const Row& x : rows) {
      std::size_t nearest = 0;
      for (std::size_t k = 1; k < centres.size(); ++k) {
        if (squared_distance(x, centres[k]) < squared_distance(x, centres[nearest])) nearest = k;
      }
      for (std::size_t c = 0; c < x.size(); ++c) sums[nearest][c] += x[c];
      ++counts[nearest];
    }
    for (std::size_t k = 0; k < centres.size(); ++k) {
      for (std::size_t c = 0; c < sums[k].size(); ++c) {
        if (counts[k] > 0) centres[k][c] = sums[k][c] / counts[k];
      }
    }
  }
  return centres;
}

TEST(KMeans, TakesTheStepsOfLloyd) {
  for (const double offset : {0.0, 1e4}) {
    const Clouds clouds(2000, 3, 5, offset);
    Statistics statistics(clouds.split(), expr::Executor::reference);
    const expr::Expr x = clouds.input_of(std::make_shared<expr::Graph>());
    const KMeans start = k_means(statistics, x, {.centres = 4, .seed = 2, .iterations = 0});
    for (const Row& centre : rows_of(start.centres)) {
      EXPECT_TRUE(std::ranges::any_of(clouds.rows, [&](const Row& row) {
        return squared_distance(row, centre) < 1e-9;
      })) << "k-means++ begins with rows";
    }
    const KMeans found =
        k_means(statistics, x, {.centres = 4, .seed = 2, .iterations = 5, .tolerance = 0});
    const auto expected = lloyd(clouds.rows, rows_of(start.centres), 5);
    for (std::size_t k = 0; k < expected.size(); ++k) {
      for (std::size_t c = 0; c < 5; ++c) {
        EXPECT_NEAR(found.centres(k, c), expected[k][c], 1e-7) << offset;
      }
    }
  }
}

TEST(KMeans, FindsCloudsThatLieApart) {
  const Clouds clouds(3000, 6, 4, 0, 0.05);
  for (const expr::Executor& executor : {expr::Executor::reference, expr::Executor::cpu}) {
    Statistics statistics(clouds.split(), executor);
    const KMeans found = k_means(statistics, clouds.input_of(std::make_shared<expr::Graph>()),
                                 {.centres = 6, .seed = 1});
    EXPECT_TRUE(found.converged);
    EXPECT_NEAR(found.inertia, 3000 * 4 * 0.05 * 0.05, 2);
    for (const Row& centre : clouds.centres) {
      double nearest = 1e9;
      for (const Row& k : rows_of(found.centres)) {
        nearest = std::min(nearest, squared_distance(k, centre));
      }
      EXPECT_LT(nearest, 1e-3);
    }
  }
}

TEST(KMeans, RefusesMoreCentresThanDifferentRows) {
  Clouds clouds(50, 2, 3, 0, 0);
  Statistics statistics(clouds.split(), expr::Executor::cpu);
  const expr::Expr x = clouds.input_of(std::make_shared<expr::Graph>());
  EXPECT_EQ(k_means(statistics, x, {.centres = 2}).centres.rows, 2u);
  EXPECT_THAT(io::error_of([&] { k_means(statistics, x, {.centres = 3}); }),
              testing::HasSubstr("as many different rows, found 2"));
}

}  // namespace
}  // namespace nescio::statistics
