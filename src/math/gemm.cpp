#include "math/gemm.h"

#include <oneapi/dnnl/dnnl.h>

#include <algorithm>

#include "base/error.h"
#include "math/byte_products.h"

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

void byte_gemm(std::size_t m, std::size_t n, std::size_t k, const std::uint8_t* a,
               const std::int8_t* b, std::int32_t* c) {
  if (m == 0 || n == 0) return;
  if (k == 0) return void(std::fill_n(c, m * n, 0));
  if (k > std::size_t{1} << 16) {
    fail("[gemm] expected rows of at most 65536 bytes, whose products fit in 32 bits, found ", k);
  }
  if (m == 1) return byte_products(n, k, a, b, c);
  const auto size = [](std::size_t value) { return static_cast<dnnl_dim_t>(value); };
  const std::int32_t offset = 0;
  const dnnl_status_t status =
      dnnl_gemm_u8s8s32('N', 'T', 'F', size(m), size(n), size(k), 1.0f, a, size(k), 0, b, size(k),
                        0, 0.0f, c, size(n), &offset);
  if (status != dnnl_success) {
    fail("[gemm] the product of the bytes [", m, ", ", k, "] and the transpose of [", n, ", ", k,
         "] was refused by oneDNN (status ", static_cast<int>(status), "): memory ran out");
  }
}

bool byte_products_are_fast() {
  return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx2) == dnnl_cpu_isa_avx2;
}

}  // namespace nescio::math
