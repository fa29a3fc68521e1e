// Owning row-major matrix of doubles: what fitting computes with.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace nescio {

struct Matrix {
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::vector<double> values;

  Matrix() = default;
  Matrix(std::size_t rows_, std::size_t cols_, double fill = 0)
      : rows(rows_), cols(cols_), values(rows_ * cols_, fill) {}
  Matrix(std::size_t rows_, std::size_t cols_, std::vector<double> values_)
      : rows(rows_), cols(cols_), values(std::move(values_)) {}

  double& operator()(std::size_t r, std::size_t c) { return values[r * cols + c]; }
  double operator()(std::size_t r, std::size_t c) const { return values[r * cols + c]; }
  std::span<double> row(std::size_t r) { return {values.data() + r * cols, cols}; }
  std::span<const double> row(std::size_t r) const { return {values.data() + r * cols, cols}; }
  bool operator==(const Matrix&) const = default;
};

}  // namespace nescio
