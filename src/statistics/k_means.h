// k-means over the rows of a split, which are never held together.
#pragma once

#include <cstddef>
#include <cstdint>

#include "statistics/statistics.h"

namespace nescio::statistics {

struct KMeansSettings {
  std::size_t centres = 1;
  std::uint64_t seed = 0;        // of the draws that it begins with
  std::size_t iterations = 300;  // at most
  double tolerance =
      1e-4;  // of the mean variance of a column: a smaller move of all centres ends it
};

struct KMeans {
  Matrix centres;      // [k, w]
  double inertia = 0;  // sum over rows of |x - nearest centre|^2, at the last look at the rows
  std::size_t iterations = 0;
  bool converged = false;
};

/// Lloyd's algorithm from k-means++ (Arthur and Vassilvitskii, SODA 2007): k passes over the rows to begin,
/// one for each iteration, O(N k w) each; memory O(N + k w). Of equal distances the first centre counts; a
/// centre that no row is nearest to stays where it is. Error if fewer rows are different than centres are wanted.
KMeans k_means(Statistics& statistics, const expr::Expr& e, const KMeansSettings& settings);

/// The number of the nearest of `centres` for each of `rows`, and the squared distance to it. Both are about
/// the same point, best their mean: distances are products.
struct Nearest {
  std::size_t centre = 0;
  double squared_distance = 0;
};
std::vector<Nearest> nearest_centres(const Rows& rows, const Matrix& centres);

}  // namespace nescio::statistics
