// SIMD loops over doubles (Highway, dispatched at run time): what sums over the rows of a split are made of.
//
// The same conventions as row_kernels.h.
#pragma once

#include <cstddef>

namespace nescio::math {

/// y[i] = x[i]
void widen(const float* x, double* y, std::size_t count);
/// False if any of the values is NaN or infinite.
bool all_finite(const double* x, std::size_t count);
/// y[i] += x[i], y[i] -= x[i]
void add(const double* x, double* y, std::size_t count);
void subtract(const double* x, double* y, std::size_t count);
/// sums[c] += sum of column c of x [rows, width], squares[c] += that of its squares: one row after the other.
void add_columns(const double* x, std::size_t rows, std::size_t width, double* sums,
                 double* squares);
/// x[i] = exp(x[i] - shift) within a few units in the last place, 0 below e^-745; returns their sum. No x[i] - shift
/// above 0.
double exp_terms(double* x, std::size_t count, double shift);

}  // namespace nescio::math
