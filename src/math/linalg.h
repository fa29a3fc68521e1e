// Double-precision factorisations and products (LAPACK and BLAS through OpenBLAS).
//
// Inside parallel_for all of them run on the calling thread alone.
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "base/matrix.h"

namespace nescio::math {

/// [rows, cols] -> [cols, rows].
Matrix transpose(const Matrix& a);
/// a [m, k] times b [k, n]; Error if the inner sides differ. dgemm.
Matrix multiply(const Matrix& a, const Matrix& b);
/// scatter += rows^T rows for `count` rows of scatter.rows values each; only the upper triangle is
/// touched. count * D^2 operations. dsyrk.
void add_scatter(const double* rows, std::size_t count, Matrix& scatter);
/// Copies the upper triangle of a square matrix to the lower one.
void mirror_upper(Matrix& a);

/// values ascending, vectors in columns: a = V diag(values) V^T.
struct Eigen {
  std::vector<double> values;
  Matrix vectors;
};
/// Reads the upper triangle of a square matrix. Some 9 D^3 operations (divide and conquer, dsyevd).
/// Throws Error on NaN or infinite values and where it does not converge.
Eigen eigen_symmetric(Matrix a);

/// Moore-Penrose inverse [cols, rows] by SVD (dgesdd); singular values below
/// max(rows, cols) * epsilon * largest count as zero: `epsilon` is how exactly the values are known.
/// Throws Error on NaN or infinite values.
Matrix pseudo_inverse(const Matrix& a, double epsilon = std::numeric_limits<double>::epsilon());

/// a Q [D, n], n <= D, for the orthogonal Q that leaves entries on and below the diagonal alone: lengths of x a are
/// those of before, and a product with it takes fewer operations (column_bands.h). dgeqrf.
Matrix lower_trapezoid(Matrix a);

/// W [D, rank] with W W^T = pinv(covariance), so |x W|^2 is the squared Mahalanobis length of x.
/// Eigenvalues up to D * eps * largest count as zero, as in scipy's pinvh, and so do those up to
/// `noise`, the variance that rounding of the data alone gives. W is a triangle or a trapezoid.
struct Whitening {
  Matrix matrix;
  Matrix outside;  // orthonormal columns [D, D - rank] beyond what it spans, a trapezoid
};
/// By Cholesky's factor where that shows that the rank is full, otherwise by eigenvectors: 2/3 or some 10 D^3
/// operations. Throws Error on NaN or infinite values and where nothing is above `noise`.
Whitening whitening(const Matrix& covariance, double noise = 0);

}  // namespace nescio::math
