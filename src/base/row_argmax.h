// The largest value of each row.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/array.h"

namespace nescio {

/// The column of the largest value of each row of `matrix` [N, C] float32, C > 0; of equal ones the
/// first. [N] int64
inline Array row_argmax(const Array& matrix) {
  const auto values = matrix.as<float>();
  const std::size_t cols = matrix.cols();
  std::vector<std::int64_t> out(matrix.rows());
  for (std::size_t r = 0; r < out.size(); ++r) {
    const auto row = values.subspan(r * cols, cols);
    out[r] = std::ranges::max_element(row) - row.begin();
  }
  return Array(Shape{matrix.rows()}, std::move(out));
}

}  // namespace nescio
