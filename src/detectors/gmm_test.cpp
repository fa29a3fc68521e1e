#include <gmock/gmock.h>

#include <numbers>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;
using Square = std::vector<Row>;
constexpr std::size_t width = ToyBank::width;

// x^T a^-1 x and log |a|, by Gaussian elimination.
std::pair<double, double> quadratic(Square a, const Row& x) {
  Row b = x;
  double log_determinant = 0;
  for (std::size_t i = 0; i < width; ++i) {
    log_determinant += std::log(a[i][i]);  // positive without pivots: a is positive definite
    for (std::size_t r = i + 1; r < width; ++r) {
      const double f = a[r][i] / a[i][i];
      for (std::size_t c = i; c < width; ++c) a[r][c] -= f * a[i][c];
      b[r] -= f * b[i];
    }
  }
  double square = 0;
  for (std::size_t i = 0; i < width; ++i) square += b[i] * b[i] / a[i][i];
  return {square, log_determinant};
}

struct Mixture {
  Row weights = Row(ToyBank::classes, 0);
  std::vector<Row> means = std::vector<Row>(ToyBank::classes, Row(width, 0));
  std::vector<Square> covariances =
      std::vector<Square>(ToyBank::classes, Square(width, Row(width)));

  Mixture(const ToyBank& bank, const std::string& kind, double ridge) {
    Row counts(ToyBank::classes, 0);
    const auto each = [&](auto f) {
      for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
        f(static_cast<std::size_t>(bank.labels[r]), bank.train_features[r]);
      }
    };
    each([&](std::size_t c, const Row&) { counts[c] += 1; });
    each([&](std::size_t c, const Row& h) {
      for (std::size_t d = 0; d < width; ++d) means[c][d] += h[d] / counts[c];
    });
    Square shared(width, Row(width, 0));
    each([&](std::size_t c, const Row& h) {
      for (std::size_t i = 0; i < width; ++i) {
        for (std::size_t j = 0; j < width; ++j) {
          const double product = (h[i] - means[c][i]) * (h[j] - means[c][j]);
          shared[i][j] += product / double(ToyBank::train_rows);
          if (kind == "full" || i == j) covariances[c][i][j] += product / counts[c];
        }
      }
    });
    for (std::size_t c = 0; c < ToyBank::classes; ++c) {
      weights[c] = counts[c] / double(ToyBank::train_rows);
      if (kind == "tied") covariances[c] = shared;
      for (std::size_t d = 0; d < width; ++d) covariances[c][d][d] += ridge;
    }
  }

  double score(const Row& h) const {
    Row densities;
    for (std::size_t c = 0; c < weights.size(); ++c) {
      Row x = h;
      for (std::size_t d = 0; d < width; ++d) x[d] -= means[c][d];
      const auto [square, log_determinant] = quadratic(covariances[c], x);
      densities.push_back(std::log(weights[c]) - 0.5 * square - 0.5 * log_determinant -
                          0.5 * double(width) * std::log(2 * std::numbers::pi));
    }
    return -log_sum_exp(densities);
  }
};

TEST(Gmm, IsTheLikelihoodOfAMixtureOfClasses) {
  ToyBank bank;
  for (std::size_t r = 0; r < 30; ++r) bank.labels[r] = 0;  // classes of different sizes
  for (const char* kind : {"full", "diagonal", "tied"}) {
    for (const double ridge : {1e-6, 0.5}) {
      const Mixture mixture(bank, kind, ridge);
      expect_formula(bank, text("gmm(covariance=", kind, ",ridge=", format_number(ridge), ")"),
                     [&](std::size_t r) { return mixture.score(bank.test_features[r]); });
    }
  }
}

// One Gaussian needs no search, so labels that are all the same give the same.
TEST(Gmm, OfOneComponentIsOneGaussian) {
  ToyBank bank;
  for (const char* kind : {"full", "tied"}) {
    const ToyBank labelled = bank;
    bank.labels.assign(ToyBank::train_rows, 0);
    Mixture one(bank, kind, 1e-3);
    one.weights.resize(1);
    expect_formula(labelled, text("gmm(ridge=0.001,components=1,covariance=", kind, ")"),
                   [&](std::size_t r) { return one.score(bank.test_features[r]); });
  }
}

TEST(Gmm, FindsComponentsWithoutLabels) {
  ToyBank bank;
  const auto with_labels = bank.scores("gmm(components=3)");
  bank.labels.assign(ToyBank::train_rows, -1);
  EXPECT_EQ(bank.scores("gmm(components=3)"), with_labels);
  EXPECT_FALSE(Chain("gmm(components=3)").needs().labels);
  EXPECT_TRUE(Chain("gmm").needs().labels);
}

// Where densities themselves would be 0.
TEST(Gmm, TellsFarRowsApart) {
  ToyBank bank;
  for (std::size_t r = 0; r < 3; ++r) bank.test_features[r].assign(width, 1e3 * double(r + 1));
  for (const char* kind : {"full", "diagonal", "tied"}) {
    const auto scores = bank.scores(text("gmm(covariance=", kind, ")"));
    EXPECT_LT(1e4, scores[0]);
    EXPECT_LT(scores[0], scores[1]);
    EXPECT_LT(scores[1], scores[2]);
    EXPECT_TRUE(std::isfinite(scores[2]));
  }
}

TEST(Gmm, SaysWhereTheRidgeDecides) {
  ToyBank bank;
  EXPECT_THAT(bank.notices("gmm"), testing::IsEmpty());
  for (std::size_t r = 60; r < ToyBank::train_rows; ++r) bank.labels[r] = 0;
  EXPECT_THAT(bank.notices("gmm"),
              testing::ElementsAre(testing::HasSubstr("4 of the 5 classes of toy/train have no")));
  EXPECT_THAT(bank.notices("gmm(covariance=tied)"), testing::IsEmpty());
  EXPECT_THAT(bank.notices("gmm(covariance=diagonal)"), testing::IsEmpty());
}

TEST(Gmm, RefusesWhatIsSingular) {
  ToyBank bank;
  for (Row& h : bank.train_features) h[3] = 1;
  const auto refusal = [&](const std::string& spec) {
    return io::error_of([&] { bank.scores(spec); });
  };
  EXPECT_THAT(refusal("gmm(ridge=0,covariance=diagonal)"),
              testing::HasSubstr("feature 3 does not vary in class 0; take a larger ridge"));
  EXPECT_THAT(refusal("gmm(ridge=0)"), testing::HasSubstr("take a larger ridge"));
  EXPECT_EQ(refusal("gmm"), "");
  EXPECT_THAT(refusal("gmm(components=2,covariance=diagonal)"), testing::HasSubstr("counts only"));
  EXPECT_THAT(refusal("gmm(seed=2)"), testing::HasSubstr("counts only with components=N"));
}

}  // namespace
}  // namespace nescio::detectors
