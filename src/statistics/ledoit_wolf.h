// Covariances drawn towards a sphere, for few rows in many dimensions.
#pragma once

#include "statistics/statistics.h"

namespace nescio::statistics {

/// About what a covariance is taken.
enum class About {
  mean,         // of all rows
  class_means,  // of each row's class
};

/// S of Statistics as Ledoit and Wolf shrink it (J. Multivariate Analysis 88, 2004):
/// rho m I + (1 - rho) S with m = tr S / w, rho = min(b, d) / d, d = |S - m I|_F^2 / w and
/// b = (mean |x|^4 - |S|_F^2) / (N w), x centred. [w, w]; a third pass over the rows. The errors of `S`.
const Matrix& shrunk_covariance(Statistics& statistics, const expr::Expr& e, About about);
/// Its whitening, without what float32 rounding alone makes vary. Error if nothing else varies.
const math::Whitening& shrunk_whitening(Statistics& statistics, const expr::Expr& e, About about);

}  // namespace nescio::statistics
