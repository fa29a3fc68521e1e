// SIMD loops over rows of floats (Highway, dispatched at run time: AVX2, AVX-512, NEON ...).
//
// The result of a row depends on that row alone, not on its neighbours, the number of rows or
// alignment. Rows of outputs are contiguous unless a stride is given.
#pragma once

#include <cstddef>

namespace nescio::math {

/// "AVX3_ZEN4", "AVX2", ...: what the kernels run on here.
const char* simd_target();

enum class Unary { negate, exp, expm1, log, log1p, sqrt, abs };
/// y[i] = op(x[i]); y may be x.
void apply(Unary op, const float* x, float* y, std::size_t count);

enum class Binary {
  add,
  subtract,
  multiply,
  divide,
  min,
  max,
  pow,
  logaddexp,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal
};
/// Element (r, c) is data[r * row_stride + c * column_stride]; column_stride is 0 or 1, so that
/// (0, 0) is a scalar, (0, 1) one row for all, (1, 0) one column for all, (width, 1) a matrix.
struct Operand {
  const float* data;
  std::size_t row_stride;
  std::size_t column_stride;
};
/// y[r, c] = op(a[r, c], b[r, c]), y [rows, width]; comparisons give 0 or 1.
/// min, max: NaN in either gives NaN.  logaddexp(-inf, -inf) = -inf.  y may be a's or b's data.
void apply(Binary op, Operand a, Operand b, float* y, std::size_t rows, std::size_t width);
/// y = condition != 0 ? a : b.
void where(Operand condition, Operand a, Operand b, float* y, std::size_t rows, std::size_t width);

enum class Reduction { sum, mean, max, min, l1_norm, l2_norm, sum_of_squares, logsumexp };
/// y[r * y_stride] = op over the columns of row r of x. width >= 1. Short rows (10) and long ones
/// at full speed. logsumexp takes the maximum out; rows of -inf give -inf. l2_norm does not
/// overflow below 1e18.
void reduce(Reduction op, const float* x, std::size_t stride, std::size_t rows, std::size_t width,
            float* y, std::size_t y_stride);
/// The first column that holds the row's maximum, as a float.
void argmax(const float* x, std::size_t stride, std::size_t rows, std::size_t width, float* y,
            std::size_t y_stride);
/// log of the sum of exp over all columns but the first that holds the maximum; width 1 gives -inf.
void logsumexp_rest(const float* x, std::size_t stride, std::size_t rows, std::size_t width,
                    float* y, std::size_t y_stride);
/// y [rows, width] contiguous; the maximum is taken out.
void softmax(const float* x, std::size_t stride, std::size_t rows, std::size_t width, float* y);
void log_softmax(const float* x, std::size_t stride, std::size_t rows, std::size_t width, float* y);
/// False if any of the values is NaN or infinite. At the speed of memory.
bool all_finite(const float* x, std::size_t count);

}  // namespace nescio::math
