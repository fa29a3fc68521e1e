// SIMD loops over rows of floats (Highway, dispatched at run time: AVX2, AVX-512, NEON ...).
//
// The result of a row depends on that row alone, not on its neighbours, the number of rows, its place
// or alignment; it does depend on the instruction set. x and y must not overlap unless it is said.
// Nothing outside the rows is read or written. Zero rows are fine everywhere. No errors are thrown.
#pragma once

#include <cstddef>

namespace nescio::math {

/// "AVX3", "AVX2", "NEON" ...: what the kernels run on here, in Highway's words (AVX3 is AVX-512).
const char* simd_target();

enum class Unary { negate, exp, expm1, log, log1p, sqrt, abs };
/// y[i] = op(x[i]) within a few units in the last place, for every x: exp(-inf) = 0, log(0) = -inf,
/// log(-1) = NaN, NaN gives NaN. y may be x.
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
/// min, max: NaN in either gives NaN. logaddexp(-inf, -inf) = -inf. pow is std::pow's to 1 unit in the
/// last place. y may be the data of an operand of the same shape.
void apply(Binary op, Operand a, Operand b, float* y, std::size_t rows, std::size_t width);
/// y = condition != 0 ? a : b, y [rows, width]; NaN is not 0.
void where(Operand condition, Operand a, Operand b, float* y, std::size_t rows, std::size_t width);

enum class Reduction { sum, mean, max, min, l1_norm, l2_norm, sum_of_squares, logsumexp };
/// y[r * y_stride] = op over the columns of row r of x. width >= 1. Short rows (10) and long ones at full
/// speed. Sums are added as floats in an order that the width decides. A row that holds NaN gives NaN.
/// logsumexp takes the maximum out; rows of -inf give -inf, rows with +inf give +inf.
/// l2_norm does not overflow or underflow before its result does.
void reduce(Reduction op, const float* x, std::size_t stride, std::size_t rows, std::size_t width,
            float* y, std::size_t y_stride);
/// The first column that holds the row's maximum, as a float (exact to 2^24); with NaN in the row, the
/// first that holds NaN. width >= 1.
void argmax(const float* x, std::size_t stride, std::size_t rows, std::size_t width, float* y,
            std::size_t y_stride);
/// log of the sum of exp over all columns but the first that holds the maximum, exact however far the
/// others lie below it; width 1 gives -inf. It is what log(1 - p_max) needs.
void logsumexp_rest(const float* x, std::size_t stride, std::size_t rows, std::size_t width,
                    float* y, std::size_t y_stride);
/// logsumexp_rest less the row's maximum, without the cancellation of two large numbers: the log-odds
/// against the largest softmax entry. Width 1 gives -inf.
void log_odds(const float* x, std::size_t stride, std::size_t rows, std::size_t width, float* y,
              std::size_t y_stride);
/// y [rows, width] contiguous; the maximum is taken out. A row whose maximum is infinite or NaN gives NaN.
/// Probabilities below 1.6e-38 are 0.
void softmax(const float* x, std::size_t stride, std::size_t rows, std::size_t width, float* y);
void log_softmax(const float* x, std::size_t stride, std::size_t rows, std::size_t width, float* y);
/// False if any of the values is NaN or infinite. At the speed of memory.
bool all_finite(const float* x, std::size_t count);

}  // namespace nescio::math
