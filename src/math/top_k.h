// Selection and sorting of rows; ties go to the lower column, so results are unique.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nescio::math {

enum class Order { ascending, descending };

/// The first `prefix` entries of each row in sorted order: values to y [rows, prefix]
/// and, where `columns` is not null, their columns (as floats) beside them.
void sort_rows(const float* x, std::size_t stride, std::size_t rows, std::size_t width,
               std::size_t prefix, Order order, float* y, float* columns);

/// The k first values in `order` of each row, over column tiles that arrive one after the other.
/// Cost near one comparison a value: a tile is scanned with SIMD against each row's current k-th value.
class RunningTopK {
 public:
  RunningTopK(std::size_t rows, std::size_t k, Order order);
  /// Forgets all values.
  void reset();
  /// Adds columns first_column .. first_column + columns - 1 of every row. No NaN.
  void add(const float* tile, std::size_t stride, std::size_t columns, std::size_t first_column);
  /// The values in order [rows, k], and where asked their columns [rows, k].
  /// Fewer than k values were added: throws Error.
  void finish(float* values, std::uint32_t* columns);

 private:
  struct Entry {
    float key;
    std::uint32_t column;
  };
  void shrink(std::size_t row);

  std::size_t rows_, k_, capacity_;
  float sign_;  // keys are sign * value, smaller first
  std::vector<Entry> entries_;
  std::vector<std::size_t> counts_;
  std::vector<float> bounds_;  // a key above it cannot be among the k first
};

}  // namespace nescio::math
