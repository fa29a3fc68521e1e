#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

struct Gaussian {
  std::vector<Row> means,
      covariance;  // means of `groups` classes, covariance about them divided by N

  Gaussian(const std::vector<Row>& rows, std::size_t groups) {
    const std::size_t width = rows[0].size();
    const auto n = static_cast<double>(rows.size());
    means.assign(groups, Row(width, 0));
    covariance.assign(width, Row(width, 0));
    for (std::size_t r = 0; r < rows.size(); ++r) {
      for (std::size_t d = 0; d < width; ++d)
        means[r % groups][d] += rows[r][d] * static_cast<double>(groups) / n;
    }
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const Row& mean = means[r % groups];
      for (std::size_t i = 0; i < width; ++i) {
        for (std::size_t j = 0; j < width; ++j) {
          covariance[i][j] += (rows[r][i] - mean[i]) * (rows[r][j] - mean[j]) / n;
        }
      }
    }
  }

  double nearest(const Row& h) const {
    double best = 1e300;
    for (const Row& mean : means) {
      Row x = h;
      for (std::size_t d = 0; d < x.size(); ++d) x[d] -= mean[d];
      const Row y = solve(covariance, x);
      best = std::min(best, std::inner_product(x.begin(), x.end(), y.begin(), 0.0));
    }
    return best;
  }
};

std::vector<Row> unit_rows(std::vector<Row> rows) {
  for (Row& h : rows) {
    const double norm = std::sqrt(std::inner_product(h.begin(), h.end(), h.begin(), 0.0));
    for (double& v : h) v /= norm;
  }
  return rows;
}

TEST(Mahalanobis, IsTheSquaredDistanceToTheNearestMean) {
  const ToyBank bank;
  const Gaussian plain(bank.train_features, ToyBank::classes);
  expect_formula(bank, "mahalanobis",
                 [&](std::size_t r) { return plain.nearest(bank.test_features[r]); });
  const Gaussian scaled(unit_rows(bank.train_features), ToyBank::classes);
  const auto test = unit_rows(bank.test_features);
  expect_formula(bank, "mahalanobis(normalize=true)",
                 [&](std::size_t r) { return scaled.nearest(test[r]); });
}

TEST(RelativeMahalanobis, SubtractsTheDistanceToAllOfThem) {
  const ToyBank bank;
  const Gaussian classes(bank.train_features, ToyBank::classes);
  const Gaussian all(bank.train_features, 1);
  expect_formula(bank, "relative_mahalanobis", [&](std::size_t r) {
    return classes.nearest(bank.test_features[r]) - all.nearest(bank.test_features[r]);
  });
}

TEST(Mahalanobis, IsTheSameFarFromTheOrigin) {
  for (const double offset : {1e3, 1e4, 1e5}) {
    for (const std::size_t columns : {std::size_t{1}, ToyBank::width}) {
      SCOPED_TRACE(text("offset ", offset, " of ", columns, " columns"));
      const ToyBank bank = ToyBank().moved(offset, columns);
      const Gaussian classes(bank.train_features, ToyBank::classes);
      const Gaussian all(bank.train_features, 1);
      expect_formula(bank, "mahalanobis",
                     [&](std::size_t r) { return classes.nearest(bank.test_features[r]); });
      expect_formula(bank, "relative_mahalanobis", [&](std::size_t r) {
        return classes.nearest(bank.test_features[r]) - all.nearest(bank.test_features[r]);
      });
    }
  }
}

TEST(Mahalanobis, IsTheSameAfterAnyInvertibleMapOfTheFeaturesUnlessOfUnitLength) {
  ToyBank bank;
  ToyBank mapped = bank;
  for (auto* rows : {&mapped.train_features, &mapped.test_features}) {
    for (Row& h : *rows) {
      for (std::size_t d = 0; d < h.size(); ++d) h[d] = 4 * h[d] + (d > 0 ? h[d - 1] : 1);
      for (double& v : h) v = static_cast<float>(v);
    }
  }
  for (const auto& [spec, same] : {std::pair{"mahalanobis", true},
                                   {"mahalanobis(means=one)", true},
                                   {"mahalanobis(means=one,normalize=true)", false},
                                   {"mahalanobis(normalize=true)", false}}) {
    const auto before = bank.scores(spec, Executor::reference);
    const auto after = mapped.scores(spec, Executor::reference);
    double largest = 0;
    for (std::size_t r = 0; r < before.size(); ++r) {
      largest = std::max(largest, std::abs(after[r] - before[r]) / before[r]);
    }
    EXPECT_EQ(largest < 1e-5, same) << spec << ": " << largest;
    EXPECT_TRUE(same || largest > 0.1) << spec << ": " << largest;
  }
}

TEST(Mahalanobis, OfOneMeanIsOneGaussianOfUnitFeatures) {
  // MOOD's first score (2302.02615): d(x) = (f - mu)^T Sigma^-1 (f - mu), f = h / |h|, of all rows together.
  ToyBank bank;
  const Gaussian scaled(unit_rows(bank.train_features), 1);
  const auto test = unit_rows(bank.test_features);
  expect_formula(bank, "mahalanobis(normalize=true,means=one)",
                 [&](std::size_t r) { return scaled.nearest(test[r]); });
  const Gaussian plain(bank.train_features, 1);
  expect_formula(bank, "mahalanobis(means=one)",
                 [&](std::size_t r) { return plain.nearest(bank.test_features[r]); });
  // Labels say nothing to it.
  const auto before = bank.scores("mahalanobis(means=one)");
  bank.labels.clear();
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) bank.labels.push_back(-1);
  EXPECT_EQ(bank.scores("mahalanobis(means=one)"), before);
  EXPECT_FALSE(Chain("mahalanobis(means=one)").needs().labels);
  EXPECT_TRUE(Chain("mahalanobis").needs().labels);
}

TEST(Mahalanobis, OfTheFittedRowsIsTheRankOnTheAverage) {
  // mean d^2 = tr Sigma^-1 Sigma, which is the rank of Sigma.
  ToyBank bank;
  for (const std::size_t rank : {ToyBank::width, ToyBank::width - 1}) {
    for (Row& h : bank.train_features) {
      if (rank < ToyBank::width) h[3] = 0;  // a unit that is dead
    }
    for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
      bank.train_features[r] = bank.train_features[r % ToyBank::test_rows];
      bank.test_features[r % ToyBank::test_rows] = bank.train_features[r];
    }
    for (const char* spec : {"mahalanobis(means=one)", "mahalanobis(means=one,normalize=true)"}) {
      const auto scores = bank.scores(spec, Executor::reference);
      EXPECT_NEAR(std::accumulate(scores.begin(), scores.end(), 0.0) / ToyBank::test_rows,
                  static_cast<double>(rank), 1e-6)
          << spec;
    }
  }
}

TEST(Mahalanobis, ShrinksTheCovarianceOfFewRows) {
  // Of 20 rows in 12 dimensions: the formula is in statistics/ledoit_wolf_test.cpp, here is its inverse.
  ToyBank bank;
  for (std::size_t r = 20; r < ToyBank::train_rows; ++r)
    bank.train_features[r] = bank.train_features[r % 20];
  for (const auto& [spec, groups] :
       {std::pair{"mahalanobis(means=one,shrinkage=ledoit_wolf)", std::size_t{1}},
        {"mahalanobis(shrinkage=ledoit_wolf)", ToyBank::classes}}) {
    Gaussian gaussian(bank.train_features, groups);
    auto& s = gaussian.covariance;
    const auto width = static_cast<double>(ToyBank::width);
    double m = 0, fourth = 0, norm = 0, d = 0;
    for (std::size_t i = 0; i < s.size(); ++i) m += s[i][i] / width;
    for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
      double square = 0;
      for (std::size_t i = 0; i < s.size(); ++i) {
        const double x = bank.train_features[r][i] - gaussian.means[r % groups][i];
        square += x * x;
      }
      fourth += square * square / ToyBank::train_rows;
    }
    for (std::size_t i = 0; i < s.size(); ++i) {
      for (std::size_t j = 0; j < s.size(); ++j) {
        norm += s[i][j] * s[i][j];
        const double off = s[i][j] - (i == j ? m : 0);
        d += off * off / width;
      }
    }
    const double rho = std::min((fourth - norm) / (ToyBank::train_rows * width), d) / d;
    EXPECT_GT(rho, 0);
    for (std::size_t i = 0; i < s.size(); ++i) {
      for (std::size_t j = 0; j < s.size(); ++j)
        s[i][j] = (1 - rho) * s[i][j] + (i == j ? rho * m : 0);
    }
    expect_formula(bank, spec,
                   [&](std::size_t r) { return gaussian.nearest(bank.test_features[r]); });
  }
  EXPECT_NE(bank.scores("relative_mahalanobis(shrinkage=ledoit_wolf)"),
            bank.scores("relative_mahalanobis"));
}

TEST(Mahalanobis, RefusesClassesWhoseRowsAreTheSame) {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
    bank.train_features[r] = bank.train_features[r % ToyBank::classes];
    // Rounding of float32, as a network in another batch gives it.
    for (double& v : bank.train_features[r])
      v = std::nextafter(static_cast<float>(v), r % 2 ? 9.F : -9.F);
  }
  for (const char* spec : {"mahalanobis", "relative_mahalanobis", "mahalanobis(normalize=true)",
                           "mahalanobis(shrinkage=ledoit_wolf)"}) {
    for (const Executor& executor : {Executor::cpu, Executor::reference}) {
      EXPECT_THAT(io::error_of([&] { bank.scores(spec, executor); }),
                  testing::HasSubstr("the rows of each class are the same but for rounding"))
          << spec;
    }
  }
}

TEST(Mahalanobis, TakesRoundingForNoDirection) {
  // The last feature is a constant in float32, rounded up or down: a unit that says nothing.
  ToyBank bank;
  for (auto* rows : {&bank.train_features, &bank.test_features}) {
    for (std::size_t r = 0; r < rows->size(); ++r) {
      (*rows)[r].back() = std::nextafter(700.F, (r / ToyBank::classes) % 2 == 0 ? 0.F : 999.F);
    }
  }
  const auto noisy = bank.scores("mahalanobis", Executor::reference);
  for (auto* rows : {&bank.train_features, &bank.test_features}) {
    for (Row& h : *rows) h.back() = 700;
  }
  const auto constant = bank.scores("mahalanobis", Executor::reference);
  for (std::size_t r = 0; r < noisy.size(); ++r) EXPECT_NEAR(noisy[r], constant[r], 1e-3);
}

}  // namespace
}  // namespace nescio::detectors
