#include "math/cholesky.h"

#include <lapacke.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"

namespace nescio::math {

std::optional<InverseRoot> inverse_root(Matrix a) {
  const std::size_t size = a.rows;
  if (a.cols != size || size > std::size_t{std::numeric_limits<lapack_int>::max()}) {
    fail("[cholesky] expected a square matrix of at most ", std::numeric_limits<lapack_int>::max(),
         " rows, found [", size, ", ", a.cols, "]");
  }
  InverseRoot out;
  if (size == 0) return out;
  std::vector<double> before(size);
  for (std::size_t c = 0; c < size; ++c) before[c] = a(c, c);
  // Column-major LAPACK sees the upper triangle as the lower one of L, and L^-1 as the transpose that is wanted.
  const auto n = static_cast<lapack_int>(size);
  if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', n, a.values.data(), n) != 0) return std::nullopt;
  const double rounding = static_cast<double>(size) * std::numeric_limits<double>::epsilon();
  for (std::size_t c = 0; c < size; ++c) {
    const double left = a(c, c) * a(c, c);
    if (!(left > rounding * before[c])) return std::nullopt;
    out.log_determinant += std::log(left);
  }
  LAPACKE_dtrtri(LAPACK_COL_MAJOR, 'L', 'N', n, a.values.data(), n);
  for (std::size_t r = 1; r < size; ++r) std::fill_n(a.row(r).begin(), r, 0.0);
  out.matrix = std::move(a);
  return out;
}

}  // namespace nescio::math
