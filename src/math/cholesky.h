// The Cholesky factorisation of double-precision matrices (LAPACK through OpenBLAS).
#pragma once

#include <optional>

#include "base/matrix.h"

namespace nescio::math {

/// W [D, D], upper triangular, with W W^T = a^-1, so |x W|^2 = x^T a^-1 x, and log |a|.
struct InverseRoot {
  Matrix matrix;
  double log_determinant = 0;
};
/// Reads the upper triangle of a square matrix; 2/3 D^3 operations, where eigenvectors would take some 9 D^3
/// (dpotrf, dtrtri). Nothing where `a` is not positive definite, or only by rounding: where the columns before
/// one leave no more than D * eps of it. (A rank of D - 1 may pass where these columns are ill-conditioned.)
/// Inside parallel_for it runs on the calling thread alone. Throws Error on a matrix that is not square.
std::optional<InverseRoot> inverse_root(Matrix a);

}  // namespace nescio::math
