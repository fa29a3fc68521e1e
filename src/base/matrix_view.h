// A read-only window on rows of floats: the value that crosses module borders.
#pragma once

#include <cassert>
#include <cstddef>

namespace nescio {

/// rows x cols floats, row r starts at data + r * stride. Does not own.
struct MatrixView {
  const float* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;

  MatrixView() = default;
  MatrixView(const float* data_, std::size_t rows_, std::size_t cols_)
      : MatrixView(data_, rows_, cols_, cols_) {}
  MatrixView(const float* data_, std::size_t rows_, std::size_t cols_, std::size_t stride_)
      : data(data_), rows(rows_), cols(cols_), stride(stride_) {
    assert(stride >= cols || rows <= 1);
  }

  const float* row(std::size_t r) const {
    assert(r < rows);
    return data + r * stride;
  }
  float operator()(std::size_t r, std::size_t c) const {
    assert(c < cols);
    return row(r)[c];
  }
  /// The rows first .. first + count - 1.
  MatrixView slice(std::size_t first, std::size_t count) const {
    assert(first + count <= rows);
    return {data + first * stride, count, cols, stride};
  }
};

}  // namespace nescio
