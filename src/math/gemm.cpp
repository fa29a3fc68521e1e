#include "math/gemm.h"

#include <oneapi/dnnl/dnnl.h>

#include <algorithm>

#include "base/error.h"

namespace nescio::math {
namespace {

/// c = beta * c; beta 0 also clears NaN, as in BLAS.
void scale(std::size_t m, std::size_t n, float beta, float* c, std::size_t ldc) {
  for (std::size_t r = 0; r < m; ++r) {
    float* row = c + r * ldc;
    if (beta == 0) {
      std::fill_n(row, n, 0.0f);
    } else {
      for (std::size_t i = 0; i < n; ++i) row[i] *= beta;
    }
  }
}

}  // namespace

void gemm(bool transpose_b, std::size_t m, std::size_t n, std::size_t k, float alpha,
          const float* a, std::size_t lda, const float* b, std::size_t ldb, float beta, float* c,
          std::size_t ldc) {
  if (m == 0 || n == 0) return;
  if (k == 0) return scale(m, n, beta, c, ldc);
  const auto size = [](std::size_t value) { return static_cast<dnnl_dim_t>(value); };
  const dnnl_status_t status = dnnl_sgemm('N', transpose_b ? 'T' : 'N', size(m), size(n), size(k),
                                          alpha, a, size(lda), b, size(ldb), beta, c, size(ldc));
  if (status != dnnl_success) {
    fail("[gemm] the product of [", m, ", ", k, "] (row distance ", lda, ") and ",
         transpose_b ? "the transpose of [" : "[", transpose_b ? n : k, ", ", transpose_b ? k : n,
         "] (row distance ", ldb, ") into row distance ", ldc, " was refused by oneDNN (status ",
         static_cast<int>(status),
         "): expected row distances of at least the row length, or memory ran out");
  }
}

}  // namespace nescio::math
