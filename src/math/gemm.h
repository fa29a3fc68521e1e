// Matrix products through oneDNN.
#pragma once

#include <cstddef>

namespace nescio::math {

/// c = alpha * a * b + beta * c, row-major; a [m, k], b [k, n] (or [n, k] with transpose_b), c [m, n].
/// lda, ldb, ldc are the distances between rows, at least the row lengths (otherwise Error).
/// Any side may be 0; k = 0 leaves beta * c. With beta = 0, c may hold anything, NaN included.
/// Inside parallel_for it runs on the calling thread alone. Bits depend on the shape, so callers that
/// promise equal bits use fixed, padded shapes.
void gemm(bool transpose_b, std::size_t m, std::size_t n, std::size_t k, float alpha,
          const float* a, std::size_t lda, const float* b, std::size_t ldb, float beta, float* c,
          std::size_t ldc);

}  // namespace nescio::math
