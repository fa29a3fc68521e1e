#include "statistics/gaussian_mixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "statistics/k_means.h"
#include "statistics/test_clouds.h"

namespace nescio::statistics {
namespace {

// A mixture on rows in memory, written down as in a textbook: two dimensions, so that inverse and
// determinant are too.
struct Textbook {
  std::vector<Row> rows;
  bool tied;
  double ridge;
  std::vector<double> weights = {};
  std::vector<Row> means = {};
  std::vector<Row> covariances = {};  // xx, xy, yy of each component
  double log_likelihood = 0;

  void maximise(const std::vector<Row>& responsible) {
    const std::size_t components = responsible[0].size();
    weights.assign(components, 0);
    means.assign(components, Row(2, 0));
    covariances.assign(components, Row(3, 0));
    for (std::size_t k = 0; k < components; ++k) {
      for (std::size_t r = 0; r < rows.size(); ++r) {
        weights[k] += responsible[r][k];
        for (std::size_t c = 0; c < 2; ++c) means[k][c] += responsible[r][k] * rows[r][c];
      }
      for (double& v : means[k]) v /= weights[k];
      for (std::size_t r = 0; r < rows.size(); ++r) {
        const double x = rows[r][0] - means[k][0], y = rows[r][1] - means[k][1];
        covariances[k][0] += responsible[r][k] * x * x;
        covariances[k][1] += responsible[r][k] * x * y;
        covariances[k][2] += responsible[r][k] * y * y;
      }
    }
    Row shared(3, 0);
    for (std::size_t k = 0; k < components; ++k) {
      for (std::size_t i = 0; i < 3; ++i) {
        shared[i] += covariances[k][i] / static_cast<double>(rows.size());
        covariances[k][i] /= weights[k];
      }
      weights[k] /= static_cast<double>(rows.size());
    }
    for (Row& covariance : covariances) {
      if (tied) covariance = shared;
      covariance[0] += ridge;
      covariance[2] += ridge;
    }
  }

  void step() {
    std::vector<Row> responsible;
    log_likelihood = 0;
    for (const Row& row : rows) {
      Row density;
      double sum = 0;
      for (std::size_t k = 0; k < means.size(); ++k) {
        const Row& s = covariances[k];
        const double det = s[0] * s[2] - s[1] * s[1];
        const double x = row[0] - means[k][0], y = row[1] - means[k][1];
        const double length = (s[2] * x * x - 2 * s[1] * x * y + s[0] * y * y) / det;
        density.push_back(weights[k] * std::exp(-0.5 * length) /
                          (2 * std::numbers::pi * std::sqrt(det)));
        sum += density.back();
      }
      for (double& v : density) v /= sum;
      responsible.push_back(density);
      log_likelihood += std::log(sum) / static_cast<double>(rows.size());
    }
    maximise(responsible);
  }
};

TEST(GaussianMixture, TakesTheStepsOfTheTextbook) {
  for (const auto covariance : {MixtureCovariance::full, MixtureCovariance::tied}) {
    const Clouds clouds(900, 3, 2, 5);
    Statistics statistics(clouds.split(), expr::Executor::reference);
    const expr::Expr x = clouds.input_of(std::make_shared<expr::Graph>());
    const MixtureSettings settings{
        .components = 3, .covariance = covariance, .ridge = 0.01, .iterations = 6, .tolerance = 0};
    const GaussianMixture found = gaussian_mixture(statistics, x, settings);

    Textbook expected{clouds.rows, covariance == MixtureCovariance::tied, 0.01};
    const auto centres = rows_of(k_means(statistics, x, {.centres = 3}).centres);
    std::vector<Row> nearest;
    for (const Row& row : clouds.rows) {
      std::size_t best = 0;
      for (std::size_t k = 1; k < 3; ++k) {
        if (squared_distance(row, centres[k]) < squared_distance(row, centres[best])) best = k;
      }
      nearest.push_back(Row(3, 0));
      nearest.back()[best] = 1;
    }
    expected.maximise(nearest);
    for (int i = 0; i < 6; ++i) expected.step();

    EXPECT_EQ(found.iterations, 6u);
    EXPECT_NEAR(found.log_likelihood, expected.log_likelihood, 1e-9);
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(found.weights(0, k), expected.weights[k], 1e-9);
      for (std::size_t c = 0; c < 2; ++c)
        EXPECT_NEAR(found.means(k, c), expected.means[k][c], 1e-7);
      const Matrix& s = found.covariances[found.covariances.size() == 1 ? 0 : k];
      EXPECT_NEAR(s(0, 0), expected.covariances[k][0], 1e-7);
      EXPECT_NEAR(s(0, 1), expected.covariances[k][1], 1e-7);
      EXPECT_NEAR(s(1, 0), expected.covariances[k][1], 1e-7);
      EXPECT_NEAR(s(1, 1), expected.covariances[k][2], 1e-7);
    }
  }
}

TEST(GaussianMixture, OfOneComponentIsTheGaussianOfAllRows) {
  const Clouds clouds(500, 4, 6);
  Statistics statistics(clouds.split(), expr::Executor::cpu);
  const expr::Expr x = clouds.input_of(std::make_shared<expr::Graph>());
  const GaussianMixture found = gaussian_mixture(statistics, x, {.ridge = 0});
  EXPECT_TRUE(found.converged);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(found.means(0, i), statistics.mean(x)(0, i), 1e-6);
    for (std::size_t j = 0; j < 6; ++j) {
      EXPECT_NEAR(found.covariances[0](i, j), statistics.covariance(x)(i, j), 1e-5);
    }
  }
}

TEST(GaussianMixture, RefusesWhatItCannotHold) {
  const Clouds clouds(50, 2, 3);
  Statistics statistics(clouds.split(), expr::Executor::cpu);
  const expr::Expr x = clouds.input_of(std::make_shared<expr::Graph>());
  EXPECT_THAT(io::error_of([&] { gaussian_mixture(statistics, x, {.components = 100'000'000}); }),
              testing::HasSubstr("GiB for each thread"));
  const expr::Expr flat = expr::concat({x, x});
  EXPECT_THAT(io::error_of([&] { gaussian_mixture(statistics, flat, {.ridge = -1}); }),
              testing::HasSubstr("take a larger ridge"));
}

}  // namespace
}  // namespace nescio::statistics
