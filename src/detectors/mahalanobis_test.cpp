#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

// Solves a x = b by Gauss-Jordan elimination: nothing in common with the whitening that is tested.
Row solve(std::vector<Row> a, Row b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t pivot = i;
    for (std::size_t r = i; r < n; ++r)
      pivot = std::abs(a[r][i]) > std::abs(a[pivot][i]) ? r : pivot;
    std::swap(a[i], a[pivot]);
    std::swap(b[i], b[pivot]);
    for (std::size_t r = 0; r < n; ++r) {
      if (r == i) continue;
      const double f = a[r][i] / a[i][i];
      for (std::size_t c = i; c < n; ++c) a[r][c] -= f * a[i][c];
      b[r] -= f * b[i];
    }
  }
  for (std::size_t i = 0; i < n; ++i) b[i] /= a[i][i];
  return b;
}

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

std::vector<Row> unit(std::vector<Row> rows) {
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
  const Gaussian scaled(unit(bank.train_features), ToyBank::classes);
  const auto test = unit(bank.test_features);
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

TEST(Mahalanobis, IsTheSameAfterAnyInvertibleMapOfTheFeatures) {
  ToyBank bank;
  const auto before = bank.scores("mahalanobis", Executor::reference);
  for (auto* rows : {&bank.train_features, &bank.test_features}) {
    for (Row& h : *rows) {
      for (std::size_t d = 0; d < h.size(); ++d) h[d] = 4 * h[d] + (d > 0 ? h[d - 1] : 1);
      for (double& v : h) v = static_cast<float>(v);
    }
  }
  const auto after = bank.scores("mahalanobis", Executor::reference);
  for (std::size_t r = 0; r < before.size(); ++r)
    EXPECT_NEAR(after[r], before[r], 1e-5 * before[r]);
}

TEST(Mahalanobis, RefusesClassesWhoseRowsAreTheSame) {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
    bank.train_features[r] = bank.train_features[r % ToyBank::classes];
    // Rounding of float32, as a network in another batch gives it.
    for (double& v : bank.train_features[r])
      v = std::nextafter(static_cast<float>(v), r % 2 ? 9.F : -9.F);
  }
  for (const char* spec : {"mahalanobis", "relative_mahalanobis", "mahalanobis(normalize=true)"}) {
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
