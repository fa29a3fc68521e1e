#include "math/column_bands.h"

#include <algorithm>

#include "math/gemm.h"

namespace nescio::math {
namespace {

// Measured with AVX2: narrower ones multiply slower, wider ones hold more zeros.
constexpr std::size_t panel = 64;
// Of more rows oneDNN copies the left side for every panel, which takes as long as a narrow product.
constexpr std::size_t rows_at_once = 256;

bool all_zero(const float* values, std::size_t count) {
  return std::all_of(values, values + count, [](float value) { return value == 0; });
}

}  // namespace

std::vector<ColumnBand> column_bands(const float* b, std::size_t k, std::size_t n) {
  std::vector<ColumnBand> bands;
  std::size_t entries = 0;
  for (std::size_t first = 0; first < n; first += panel) {
    const std::size_t columns = std::min(panel, n - first);
    const auto zero = [&](std::size_t row) { return all_zero(b + row * n + first, columns); };
    std::size_t begin = 0, end = k;
    while (begin < end && zero(begin)) ++begin;
    while (end > begin && zero(end - 1)) --end;
    entries += columns * (end - begin);
    if (!bands.empty() && bands.back().first_row == begin && bands.back().rows == end - begin) {
      bands.back().columns += columns;
    } else {
      bands.push_back({first, columns, begin, end - begin});
    }
  }
  if (entries > n * k / 8 * 7) return {};
  return bands;
}

void multiply_bands(std::span<const ColumnBand> bands, std::size_t m, const float* a,
                    std::size_t lda, const float* b, std::size_t ldb, std::size_t first_column,
                    std::size_t n, float* c, std::size_t ldc) {
  for (std::size_t row = 0; row < m; row += rows_at_once) {
    const std::size_t rows = std::min(rows_at_once, m - row);
    for (const ColumnBand& band : bands) {
      const std::size_t begin = std::max(first_column, band.first_column);
      const std::size_t end = std::min(first_column + n, band.first_column + band.columns);
      if (begin >= end) continue;
      gemm(false, rows, end - begin, band.rows, 1, a + row * lda + band.first_row, lda,
           b + band.first_row * ldb + begin, ldb, 0, c + row * ldc + (begin - first_column), ldc);
    }
  }
}

}  // namespace nescio::math
