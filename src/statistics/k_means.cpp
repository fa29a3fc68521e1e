#include "statistics/k_means.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/rng.h"

namespace nescio::statistics {
namespace {

double square(double x) { return x * x; }

double squared_length(std::span<const double> x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return sum;
}

// Subtracts the mean of all rows.
void centre(const Rows& rows, const Matrix& mean) {
  for (std::size_t r = 0; r < rows.count(); ++r) {
    const auto row = rows.row(r);
    for (std::size_t c = 0; c < rows.width; ++c) row[c] -= mean.values[c];
  }
}

// Rows drawn in proportion to their squared distance from those that were drawn before, about the mean.
Matrix plus_plus(Statistics& statistics, const expr::Expr& e, const Matrix& mean,
                 const KMeansSettings& settings) {
  const std::size_t width = e.width();
  Rng rng(settings.seed);
  Matrix centres(settings.centres, width);
  std::vector<double> distance(statistics.rows(), std::numeric_limits<double>::infinity());
  std::size_t drawn = rng.below(statistics.rows());
  for (std::size_t k = 0; k < settings.centres; ++k) {
    const auto chosen = centres.row(k);
    Statistics one = statistics.subset({drawn});
    const Matrix found = one.reduce(e, Matrix(1, width), [&](const Rows& rows, Matrix& sum) {
      centre(rows, mean);
      std::ranges::copy(rows.row(0), sum.values.begin());
    });
    std::ranges::copy(found.values, chosen.begin());
    if (k + 1 == settings.centres) break;

    const std::vector<double> to_chosen =
        statistics.of_each_row(e, [&](std::size_t, std::span<const double> row) {
          double sum = 0;
          for (std::size_t c = 0; c < width; ++c) {
            sum += square((row[c] - mean.values[c]) - chosen[c]);
          }
          return sum;
        });
    double total = 0;
    for (std::size_t r = 0; r < distance.size(); ++r) {
      distance[r] = std::min(distance[r], to_chosen[r]);
      total += distance[r];
    }
    if (!(total > 0)) {
      fail(statistics.name(), ": ", settings.centres,
           " centres need as many different rows, found ", k + 1);
    }
    double rest = rng.uniform() * total;
    for (std::size_t r = 0; r < distance.size(); ++r) {
      if (distance[r] == 0) continue;
      drawn = r;
      rest -= distance[r];
      if (rest < 0) break;
    }
  }
  return centres;
}

}  // namespace

std::vector<Nearest> nearest_centres(const Rows& rows, const Matrix& centres) {
  std::vector<double> lengths;
  for (std::size_t k = 0; k < centres.rows; ++k) lengths.push_back(squared_length(centres.row(k)));
  const Matrix x(rows.count(), rows.width, {rows.values.begin(), rows.values.end()});
  const Matrix products = math::multiply(x, math::transpose(centres));
  std::vector<Nearest> out;
  out.reserve(rows.count());
  for (std::size_t r = 0; r < rows.count(); ++r) {
    Nearest nearest{0, std::numeric_limits<double>::infinity()};
    for (std::size_t k = 0; k < centres.rows; ++k) {
      const double distance = lengths[k] - 2 * products(r, k);
      if (distance < nearest.squared_distance) nearest = {k, distance};
    }
    nearest.squared_distance =
        std::max(nearest.squared_distance + squared_length(rows.row(r)), 0.0);
    out.push_back(nearest);
  }
  return out;
}

KMeans k_means(Statistics& statistics, const expr::Expr& e, const KMeansSettings& settings) {
  if (settings.centres < 1) fail("k-means: expected at least 1 centre, found 0");
  const std::size_t width = e.width();
  const Matrix& mean = statistics.mean(e);
  KMeans out{.centres = plus_plus(statistics, e, mean, settings)};
  // Behind the sum of the rows of a centre their number and their squared distances.
  const std::size_t count = width, inertia = width + 1;
  while (out.iterations < settings.iterations && !out.converged) {
    ++out.iterations;
    const Matrix sums = statistics.reduce(e, Matrix(settings.centres, width + 2),
                                          [&](const Rows& rows, Matrix& to) {
                                            centre(rows, mean);
                                            const auto nearest = nearest_centres(rows, out.centres);
                                            for (std::size_t r = 0; r < nearest.size(); ++r) {
                                              const auto row = rows.row(r);
                                              const auto sum = to.row(nearest[r].centre);
                                              for (std::size_t c = 0; c < width; ++c)
                                                sum[c] += row[c];
                                              sum[count] += 1;
                                              sum[inertia] += nearest[r].squared_distance;
                                            }
                                          });
    double moved = 0, variance = 0;
    out.inertia = 0;
    for (std::size_t k = 0; k < settings.centres; ++k) {
      out.inertia += sums(k, inertia);
      if (sums(k, count) == 0) continue;
      for (std::size_t c = 0; c < width; ++c) {
        const double to = sums(k, c) / sums(k, count);
        moved += square(to - out.centres(k, c));
        out.centres(k, c) = to;
      }
      variance += sums(k, count) * squared_length(out.centres.row(k));
    }
    // All variance is that about the centres and that of the centres.
    variance = (variance + out.inertia) / static_cast<double>(statistics.rows() * width);
    out.converged = moved <= settings.tolerance * variance;
  }
  for (std::size_t k = 0; k < settings.centres; ++k) {
    for (std::size_t c = 0; c < width; ++c) out.centres(k, c) += mean.values[c];
  }
  return out;
}

}  // namespace nescio::statistics
