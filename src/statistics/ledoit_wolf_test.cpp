#include "statistics/ledoit_wolf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "statistics/test_clouds.h"

namespace nescio::statistics {
namespace {

// The estimator as its authors write it: norms and distances of whole matrices, one row after the other.
std::vector<Row> formula(std::vector<Row> x, std::size_t classes) {
  const std::size_t n = x.size(), w = x[0].size();
  std::vector<Row> means(classes, Row(w, 0));
  for (std::size_t r = 0; r < n; ++r) {
    for (std::size_t c = 0; c < w; ++c) {
      means[r % classes][c] += x[r][c] * static_cast<double>(classes) / static_cast<double>(n);
    }
  }
  for (std::size_t r = 0; r < n; ++r) {
    for (std::size_t c = 0; c < w; ++c) x[r][c] -= means[r % classes][c];
  }
  std::vector<Row> s(w, Row(w, 0));
  for (const Row& row : x) {
    for (std::size_t i = 0; i < w; ++i) {
      for (std::size_t j = 0; j < w; ++j) s[i][j] += row[i] * row[j] / static_cast<double>(n);
    }
  }
  double m = 0, d2 = 0, b2 = 0;
  for (std::size_t i = 0; i < w; ++i) m += s[i][i] / static_cast<double>(w);
  for (std::size_t i = 0; i < w; ++i) {
    for (std::size_t j = 0; j < w; ++j) {
      const double off = s[i][j] - (i == j ? m : 0);
      d2 += off * off / static_cast<double>(w);
      for (const Row& row : x) {
        const double error = row[i] * row[j] - s[i][j];
        b2 += error * error / static_cast<double>(n) / static_cast<double>(n) /
              static_cast<double>(w);
      }
    }
  }
  const double rho = std::min(b2, d2) / d2;
  for (std::size_t i = 0; i < w; ++i) {
    for (std::size_t j = 0; j < w; ++j) s[i][j] = (1 - rho) * s[i][j] + (i == j ? rho * m : 0);
  }
  return s;
}

TEST(LedoitWolf, IsTheFormulaAboutEitherMean) {
  for (const std::size_t count : {12u, 60u, 2001u}) {
    const Clouds clouds(count, 3, 8);
    Split split = clouds.split();
    std::vector<std::int64_t> labels;
    for (std::size_t r = 0; r < count; ++r) labels.push_back(static_cast<std::int64_t>(r % 3));
    split.labels = Array({count}, std::move(labels));
    split.classes = 3;
    Statistics statistics(split, expr::Executor::reference);
    const expr::Expr x = clouds.input_of(std::make_shared<expr::Graph>());
    for (const auto& [about, classes] : {std::pair{About::mean, 1u}, {About::class_means, 3u}}) {
      const Matrix& found = shrunk_covariance(statistics, x, about);
      const auto expected = formula(clouds.rows, classes);
      for (std::size_t i = 0; i < 8; ++i) {
        for (std::size_t j = 0; j < 8; ++j) {
          EXPECT_NEAR(found(i, j), expected[i][j], 1e-11 * expected[i][i]) << count;
        }
      }
      EXPECT_EQ(shrunk_whitening(statistics, x, about).matrix.cols, 8u)
          << "of " << count << " rows";
    }
  }
}

TEST(LedoitWolf, HasEveryDirectionOfFewerRowsThanDimensions) {
  const Clouds clouds(6, 1, 20);
  Statistics statistics(clouds.split(), expr::Executor::reference);
  const expr::Expr x = clouds.input_of(std::make_shared<expr::Graph>());
  EXPECT_EQ(statistics.whitening(x).matrix.cols, 5u);
  EXPECT_EQ(shrunk_whitening(statistics, x, About::mean).matrix.cols, 20u);
  const Clouds one(1, 1, 4);
  Statistics alone(one.split(), expr::Executor::reference);
  const expr::Expr y = one.input_of(std::make_shared<expr::Graph>());
  EXPECT_THAT(io::error_of([&] { shrunk_whitening(alone, y, About::mean); }), testing::Ne(""));
}

}  // namespace
}  // namespace nescio::statistics
