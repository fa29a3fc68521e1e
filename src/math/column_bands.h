// Products with matrices whose columns begin or end with zeros, as those of triangular factors do.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace nescio::math {

/// Columns of a matrix that are zero but for `rows` rows from first_row on.
struct ColumnBand {
  std::size_t first_column, columns, first_row, rows;
};

/// The bands of b [k, n], row-major without gaps, in panels of 64 columns; none where they would save less than
/// an eighth of the product. Reads the zeros at both ends of the columns.
std::vector<ColumnBand> column_bands(const float* b, std::size_t k, std::size_t n);

/// c [m, n] = a [m, k] times n columns of b from first_column on, without the zeros beside the bands: for a triangle half
/// the operations, measured 1.6 to 1.8 times as fast with AVX2. `b` is the matrix that the bands are of, lda and ldc
/// are distances between rows. Where `a` holds what is not finite, zeros beside the bands make no NaN.
void multiply_bands(std::span<const ColumnBand> bands, std::size_t m, const float* a,
                    std::size_t lda, const float* b, std::size_t ldb, std::size_t first_column,
                    std::size_t n, float* c, std::size_t ldc);

}  // namespace nescio::math
