// Double-precision factorisations and products (LAPACK and BLAS through OpenBLAS).
#pragma once

#include <cstddef>

#include "base/matrix.h"

namespace nescio::math {

Matrix transpose(const Matrix& a);
/// a * b
Matrix multiply(const Matrix& a, const Matrix& b);
/// scatter += rows^T rows for `count` rows of scatter.rows values each; only the upper triangle is
/// touched. dsyrk.
void add_scatter(const double* rows, std::size_t count, Matrix& scatter);
/// Copies the upper triangle to the lower one.
void mirror_upper(Matrix& a);

/// values ascending, vectors in columns: a = V diag(values) V^T. Throws Error if it does not
/// converge.
struct Eigen {
  std::vector<double> values;
  Matrix vectors;
};
Eigen eigen_symmetric(Matrix a);

/// Moore-Penrose inverse by SVD; singular values below max(rows, cols) * eps * largest count as
/// zero (numpy: rcond 1e-15).
Matrix pseudo_inverse(const Matrix& a);

/// W [D, rank] with W W^T = pinv(covariance), so |x W|^2 is the squared Mahalanobis length of x.
/// Eigenvalues up to D * eps * largest count as zero (scipy's pinvh).
struct Whitening {
  Matrix matrix;
  std::size_t rank = 0;
};
Whitening whitening(const Matrix& covariance);

}  // namespace nescio::math
