#include "math/linalg.h"

#include <cblas.h>
#include <lapacke.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "math/cholesky.h"

namespace nescio::math {
namespace {

lapack_int size(std::size_t value) {
  if (value > static_cast<std::size_t>(std::numeric_limits<lapack_int>::max())) {
    fail("[linalg] expected a matrix of at most ", std::numeric_limits<lapack_int>::max(),
         " rows and columns, found ", value);
  }
  return static_cast<lapack_int>(value);
}

void require_finite(const Matrix& a, const char* where) {
  const auto bad = std::count_if(a.values.begin(), a.values.end(),
                                 [](double value) { return !std::isfinite(value); });
  if (bad > 0) {
    fail("[", where, "] expected finite numbers, found ", bad, " of ", a.values.size(),
         " NaN or infinite in a [", a.rows, ", ", a.cols, "] matrix");
  }
}

void require_square(const Matrix& a, const char* where) {
  if (a.rows != a.cols) {
    fail("[", where, "] expected a square matrix, found [", a.rows, ", ", a.cols, "]");
  }
}

/// a * b or a * b^T.
Matrix product(const Matrix& a, const Matrix& b, bool transpose_b) {
  const std::size_t inner = transpose_b ? b.cols : b.rows;
  const std::size_t cols = transpose_b ? b.rows : b.cols;
  if (a.cols != inner) {
    fail("[multiply] expected as many columns on the left as rows on the right, found [", a.rows,
         ", ", a.cols, "] and [", inner, ", ", cols, "]");
  }
  Matrix c(a.rows, cols);
  if (c.values.empty() || inner == 0) return c;
  cblas_dgemm(CblasRowMajor, CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans, size(a.rows),
              size(cols), size(inner), 1.0, a.values.data(), size(a.cols), b.values.data(),
              size(b.cols), 0.0, c.values.data(), size(cols));
  return c;
}

}  // namespace

Matrix transpose(const Matrix& a) {
  Matrix b(a.cols, a.rows);
  // In tiles, so that both sides stay in cache.
  constexpr std::size_t tile = 32;
  for (std::size_t r0 = 0; r0 < a.rows; r0 += tile) {
    for (std::size_t c0 = 0; c0 < a.cols; c0 += tile) {
      for (std::size_t r = r0; r < std::min(r0 + tile, a.rows); ++r) {
        for (std::size_t c = c0; c < std::min(c0 + tile, a.cols); ++c) b(c, r) = a(r, c);
      }
    }
  }
  return b;
}

Matrix multiply(const Matrix& a, const Matrix& b) { return product(a, b, false); }

void add_scatter(const double* rows, std::size_t count, Matrix& scatter) {
  require_square(scatter, "scatter");
  if (count == 0 || scatter.rows == 0) return;
  cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, size(scatter.rows), size(count), 1.0, rows,
              size(scatter.cols), 1.0, scatter.values.data(), size(scatter.cols));
}

void mirror_upper(Matrix& a) {
  require_square(a, "mirror");
  for (std::size_t r = 0; r < a.rows; ++r) {
    for (std::size_t c = 0; c < r; ++c) a(r, c) = a(c, r);
  }
}

Eigen eigen_symmetric(Matrix a) {
  require_square(a, "eigen");
  require_finite(a, "eigen");
  std::vector<double> values(a.rows);
  if (a.rows == 0) return {values, a};
  // Row-major upper is column-major lower; without the copies that LAPACKE makes for row-major
  // matrices.
  const lapack_int info = LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'L', size(a.rows), a.values.data(),
                                         size(a.rows), values.data());
  if (info != 0) {
    fail("[eigen] the eigenvalues of a [", a.rows, ", ", a.cols,
         "] matrix did not converge (LAPACK dsyevd: ", info, "); is its scale sensible?");
  }
  return {std::move(values), transpose(a)};
}

Matrix pseudo_inverse(const Matrix& a, double epsilon) {
  require_finite(a, "pseudo_inverse");
  Matrix inverse(a.cols, a.rows);
  if (a.values.empty()) return inverse;
  const std::size_t rank = std::min(a.rows, a.cols);
  // Column-major LAPACK sees a^T = u s vt (u [cols, rank], vt [rank, rows]), so a^+ = u s^-1 vt.
  Matrix copy = a;
  std::vector<double> s(rank);
  Matrix u(rank, a.cols);   // row-major: u^T
  Matrix vt(a.rows, rank);  // row-major: vt^T
  const lapack_int info = LAPACKE_dgesdd(
      LAPACK_COL_MAJOR, 'S', size(a.cols), size(a.rows), copy.values.data(), size(a.cols), s.data(),
      u.values.data(), size(a.cols), vt.values.data(), size(rank));
  if (info != 0) {
    fail("[pseudo_inverse] the singular values of a [", a.rows, ", ", a.cols,
         "] matrix did not converge (LAPACK dgesdd: ", info, "); is its scale sensible?");
  }
  const double cutoff = static_cast<double>(std::max(a.rows, a.cols)) * epsilon * s.front();
  for (std::size_t i = 0; i < rank; ++i) {
    const double factor = s[i] > cutoff ? 1 / s[i] : 0;
    for (double& value : u.row(i)) value *= factor;
  }
  return product(transpose(u), vt, true);
}

Matrix lower_trapezoid(Matrix a) {
  if (a.cols > a.rows) {
    fail("[trapezoid] expected at most as many columns as rows, found [", a.rows, ", ", a.cols,
         "]");
  }
  if (a.cols == 0) return a;
  // Column-major LAPACK sees a^T = Q R, and R^T is what is wanted.
  std::vector<double> reflectors(a.cols);
  const lapack_int info = LAPACKE_dgeqrf(LAPACK_COL_MAJOR, size(a.cols), size(a.rows),
                                         a.values.data(), size(a.cols), reflectors.data());
  if (info != 0) {
    fail("[trapezoid] a [", a.rows, ", ", a.cols, "] matrix was refused (LAPACK dgeqrf: ", info,
         "): expected finite numbers, or memory ran out");
  }
  for (std::size_t r = 0; r < a.cols; ++r) {
    std::fill(a.row(r).begin() + static_cast<std::ptrdiff_t>(r) + 1, a.row(r).end(), 0.0);
  }
  return a;
}

Whitening whitening(const Matrix& covariance, double noise) {
  const std::size_t size = covariance.rows;
  const double known = static_cast<double>(size) * std::numeric_limits<double>::epsilon();
  if (auto root = inverse_root(covariance); root && size > 0) {
    // The smallest eigenvalue is at least 1 / trace(a^-1), the largest at most trace(a). By twice the
    // cutoff, so that rounding of the traces does not matter.
    double trace = 0, inverse_trace = 0;
    for (std::size_t i = 0; i < size; ++i) trace += covariance(i, i);
    for (const double v : root->matrix.values) inverse_trace += v * v;
    if (1 / inverse_trace > 2 * std::max(noise, known * trace)) {
      return {std::move(root->matrix), Matrix(size, 0)};
    }
  }
  const Eigen eigen = eigen_symmetric(covariance);
  const double largest = size == 0 ? 0 : eigen.values.back();
  if (!(largest > noise)) {
    fail("[whitening] the covariance [", size, ", ", size, "] is zero",
         noise > 0 ? " but for rounding" : "", ": expected features that vary, found ",
         size == 0 ? "none" : "constant ones", "; check the rows that were fitted on");
  }
  const double cutoff = std::max(noise, known * largest);
  std::size_t first = 0;
  while (eigen.values[first] <= cutoff) ++first;
  Matrix inside(size, size - first), outside(size, first);
  for (std::size_t r = 0; r < size; ++r) {
    for (std::size_t c = 0; c < first; ++c) outside(r, c) = eigen.vectors(r, c);
    for (std::size_t c = first; c < size; ++c) {
      inside(r, c - first) = eigen.vectors(r, c) / std::sqrt(eigen.values[c]);
    }
  }
  return {lower_trapezoid(std::move(inside)), lower_trapezoid(std::move(outside))};
}

}  // namespace nescio::math
