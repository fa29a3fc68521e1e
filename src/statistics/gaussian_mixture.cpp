#include "statistics/gaussian_mixture.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "base/error.h"
#include "base/one_thread.h"
#include "statistics/k_means.h"

namespace nescio::statistics {
namespace {

/// What one pass over the rows leaves, as one matrix that reduce() can add up. Responsibilities r_k of the
/// components: sum r_k x x^T (of all components together where tied), sum r_k x, sum r_k, log-likelihood.
class Moments {
 public:
  Moments(std::size_t components, std::size_t width, bool tied)
      : width_(width), blocks_(tied ? 1 : components) {
    sums = Matrix(blocks_ * width + components, width + 1);
  }
  Moments(const Moments& shape, Matrix found) : Moments(shape) { sums = std::move(found); }

  /// Adds rows with their responsibilities [count, K].
  void add(const Rows& rows, const Matrix& responsible, Matrix& to) const {
    for (std::size_t r = 0; r < rows.count(); ++r) {
      const auto row = rows.row(r);
      for (std::size_t k = 0; k < responsible.cols; ++k) {
        const auto sum = to.row(blocks_ * width_ + k);
        for (std::size_t c = 0; c < width_; ++c) sum[c] += responsible(r, k) * row[c];
        sum[width_] += responsible(r, k);
      }
    }
    // Responsibilities of a row add up to 1, so a shared covariance needs none of them.
    for (std::size_t b = 0; b < blocks_; ++b) {
      std::vector<double> weighted(rows.values.begin(), rows.values.end());
      for (std::size_t r = 0; blocks_ > 1 && r < rows.count(); ++r) {
        const double root = std::sqrt(responsible(r, b));
        for (std::size_t c = 0; c < width_; ++c) weighted[r * width_ + c] *= root;
      }
      Matrix scatter(width_, width_);
      math::add_scatter(weighted.data(), rows.count(), scatter);
      for (std::size_t i = 0; i < width_; ++i) {
        for (std::size_t j = i; j < width_; ++j) to(b * width_ + i, j) += scatter(i, j);
      }
    }
  }
  double& likelihood(Matrix& of) const { return of(0, width_); }

  std::size_t blocks() const { return blocks_; }
  double scatter(std::size_t block, std::size_t i, std::size_t j) const {
    return sums(block * width_ + std::min(i, j), std::max(i, j));
  }
  double count(std::size_t k) const { return sums(blocks_ * width_ + k, width_); }
  double sum(std::size_t k, std::size_t c) const { return sums(blocks_ * width_ + k, c); }

  Matrix sums;

 private:
  std::size_t width_, blocks_;
};

// The parameters that make what was seen most likely.
void maximise(const Moments& moments, double ridge, double rows, GaussianMixture& mixture) {
  const std::size_t components = mixture.means.rows, width = mixture.means.cols;
  // As in scikit-learn: no component vanishes for good.
  constexpr double least = 10 * std::numeric_limits<double>::epsilon();
  for (std::size_t k = 0; k < components; ++k) {
    const double count = moments.count(k) + least;
    mixture.weights(0, k) = count / rows;
    for (std::size_t c = 0; c < width; ++c) mixture.means(k, c) = moments.sum(k, c) / count;
  }
  const bool tied = moments.blocks() < components;
  for (std::size_t b = 0; b < moments.blocks(); ++b) {
    const double count = tied ? rows : moments.count(b) + least;
    Matrix& covariance = mixture.covariances[b];
    for (std::size_t i = 0; i < width; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        double between = 0;
        for (std::size_t k = tied ? 0 : b; k < (tied ? components : b + 1); ++k) {
          between += (tied ? mixture.weights(0, k) : 1) * mixture.means(k, i) * mixture.means(k, j);
        }
        covariance(i, j) = moments.scatter(b, i, j) / count - between + (i == j ? ridge : 0);
      }
    }
  }
}

/// log weight_k + log N(x; mean_k, covariance_k) of rows, made ready for many of them.
class LogDensities {
 public:
  explicit LogDensities(const GaussianMixture& mixture) : mixture_(mixture) {
    for (const Matrix& covariance : mixture.covariances) {
      precisions_.push_back(precision(covariance));
    }
  }

  /// [count, K]
  Matrix of(const Rows& rows) const {
    const std::size_t components = mixture_.means.rows, width = rows.width;
    Matrix out(rows.count(), components);
    for (std::size_t k = 0; k < components; ++k) {
      const math::InverseRoot& precision = precisions_[precisions_.size() == 1 ? 0 : k];
      Matrix x(rows.count(), width, {rows.values.begin(), rows.values.end()});
      for (std::size_t r = 0; r < x.rows; ++r) {
        for (std::size_t c = 0; c < width; ++c) x(r, c) -= mixture_.means(k, c);
      }
      const Matrix white = math::multiply(x, precision.matrix);
      const double constant = std::log(mixture_.weights(0, k)) - 0.5 * precision.log_determinant -
                              0.5 * static_cast<double>(width) * std::log(2 * std::numbers::pi);
      for (std::size_t r = 0; r < x.rows; ++r) {
        double length = 0;
        for (const double v : white.row(r)) length += v * v;
        out(r, k) = constant - 0.5 * length;
      }
    }
    return out;
  }

 private:
  const GaussianMixture& mixture_;
  std::vector<math::InverseRoot> precisions_;
};

// Log densities become responsibilities; returns the sum of log p(x).
double normalise(Matrix& densities) {
  double likelihood = 0;
  for (std::size_t r = 0; r < densities.rows; ++r) {
    const auto row = densities.row(r);
    const double largest = std::ranges::max(row);
    double sum = 0;
    for (const double v : row) sum += std::exp(v - largest);
    const double log_sum = largest + std::log(sum);
    for (double& v : row) v = std::exp(v - log_sum);
    likelihood += log_sum;
  }
  return likelihood;
}

void check_size(const MixtureSettings& settings, std::size_t width) {
  if (settings.components < 1) fail("a mixture needs at least 1 component, found 0");
  const bool tied = settings.covariance == MixtureCovariance::tied;
  const double gib = static_cast<double>((tied ? 1 : settings.components) * width * width) *
                     sizeof(double) / double(1 << 30);
  if (gib <= 1) return;
  fail("covariances of ", tied ? 1 : settings.components, " components in ", width,
       " dimensions take ", gib, " GiB for each thread, more than 1; take ",
       tied ? "fewer dimensions" : "one shared covariance, fewer components or fewer dimensions");
}

}  // namespace

math::InverseRoot precision(Matrix covariance) {
  auto out = on_one_thread([&] { return math::inverse_root(std::move(covariance)); });
  if (!out) fail("a covariance of the mixture is singular; take a larger ridge");
  return *std::move(out);
}

GaussianMixture gaussian_mixture(Statistics& statistics, const expr::Expr& e,
                                 const MixtureSettings& settings) {
  const std::size_t width = e.width(), components = settings.components;
  check_size(settings, width);
  const Moments empty(components, width, settings.covariance == MixtureCovariance::tied);
  const auto rows = static_cast<double>(statistics.rows());
  GaussianMixture out{.weights = Matrix(1, components),
                      .means = Matrix(components, width),
                      .covariances = std::vector(empty.blocks(), Matrix(width, width))};

  // All is about the mean of the rows, where squares lose the fewest digits.
  const Matrix& mean = statistics.mean(e);
  const expr::Expr x = e - mean;
  const KMeans start = k_means(statistics, x, {.centres = components, .seed = settings.seed});
  maximise({empty, statistics.reduce(x, empty.sums,
                                     [&](const Rows& part, Matrix& sums) {
                                       Matrix responsible(part.count(), components);
                                       const auto nearest = nearest_centres(part, start.centres);
                                       for (std::size_t r = 0; r < nearest.size(); ++r) {
                                         responsible(r, nearest[r].centre) = 1;
                                       }
                                       empty.add(part, responsible, sums);
                                     })},
           settings.ridge, rows, out);

  double before = -std::numeric_limits<double>::infinity();
  while (out.iterations < settings.iterations && !out.converged) {
    ++out.iterations;
    const LogDensities densities(out);
    Matrix found = statistics.reduce(x, empty.sums, [&](const Rows& part, Matrix& sums) {
      Matrix responsible = densities.of(part);
      empty.likelihood(sums) += normalise(responsible);
      empty.add(part, responsible, sums);
    });
    out.log_likelihood = empty.likelihood(found) / rows;
    maximise({empty, std::move(found)}, settings.ridge, rows, out);
    out.converged = std::abs(out.log_likelihood - before) < settings.tolerance;
    before = out.log_likelihood;
  }
  for (std::size_t k = 0; k < components; ++k) {
    for (std::size_t c = 0; c < width; ++c) out.means(k, c) += mean.values[c];
  }
  return out;
}

}  // namespace nescio::statistics
