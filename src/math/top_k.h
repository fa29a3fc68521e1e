// Selection and sorting of rows; ties go to the lower column, so results are unique.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "math/order_keys.h"

namespace nescio::math {

/// The first `prefix` <= width entries of each row in sorted order: values to y [rows, prefix]
/// and, where `columns` is not null, their columns (as floats) beside them. width <= 2^24.
/// -0 equals 0; NaN comes last in either order. Cost: that of sorting `prefix` values plus some ten
/// comparisons a value. Throws Error if prefix > width. `scratch` holds sort_scratch_floats(width) and is
/// aligned as 64-bit numbers are.
void sort_rows(const float* x, std::size_t stride, std::size_t rows, std::size_t width,
               std::size_t prefix, Order order, float* scratch, float* y, float* columns);
std::size_t sort_scratch_floats(std::size_t width);

/// The k first values in `order` of each row, over column tiles that arrive one after the other.
/// Cost near one comparison a value: a tile is scanned with SIMD against each row's current k-th
/// value, and the few that pass are kept in a buffer that is cut back to about k when it is full.
/// Memory: about 3 k values a row.
class RunningTopK {
 public:
  /// k >= 1.
  RunningTopK(std::size_t rows, std::size_t k, Order order);
  /// Forgets all values.
  void reset();
  /// Adds columns first_column .. first_column + columns - 1 of every row: row r at tile + r *
  /// stride. Tiles come in ascending order of columns (otherwise Error). No NaN.
  void add(const float* tile, std::size_t stride, std::size_t columns, std::size_t first_column);
  /// The values in order [rows, k], and where asked their columns [rows, k]. -0 comes out as 0.
  /// Fewer than k values were added: throws Error.
  void finish(float* values, std::uint32_t* columns);

 private:
  void shrink(std::size_t row, std::size_t most);
  std::int32_t* keys_of(std::size_t row) { return keys_.data() + row * stride_; }
  std::uint32_t* columns_of(std::size_t row) { return columns_.data() + row * stride_; }

  std::size_t rows_, k_, capacity_, stride_;
  float sign_;                   // keys stand for sign * value, smaller first
  std::size_t seen_ = 0;         // columns so far
  std::size_t next_column_ = 0;  // the lowest that may come
  std::vector<std::int32_t>
      keys_;  // of the values that may be among the k first, in order of arrival
  std::vector<std::uint32_t> columns_;
  std::vector<std::size_t> counts_;
  std::vector<float>
      bounds_;  // sign * value must lie below it; used once more than capacity were seen
  std::vector<std::uint64_t> pairs_;  // of one row, while it is finished
};

}  // namespace nescio::math
