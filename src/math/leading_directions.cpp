#include "math/leading_directions.h"

#include <algorithm>
#include <cmath>

#include "base/one_thread.h"
#include "base/rng.h"
#include "math/gemm.h"
#include "math/linalg.h"

namespace nescio::math {
namespace {

/// Bounds the eigenvalues of Q^T Q - 1 by its sums of rows.
double skew_of(const LeadingDirections& directions) {
  Matrix gram(directions.count, directions.count);
  const std::vector<double> rows(directions.matrix.begin(), directions.matrix.end());
  add_scatter(rows.data(), directions.width, gram);
  mirror_upper(gram);
  double out = 0;
  for (std::size_t i = 0; i < gram.rows; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < gram.cols; ++j) sum += std::abs(gram(i, j) - (i == j ? 1 : 0));
    out = std::max(out, sum);
  }
  return 1.01 * out + 1e-12;  // the sums round, too
}

/// As rows of `y` span it: columns of falling singular values, those that are lost in the rounding of floats left out.
LeadingDirections orthonormal(const Matrix& y) {
  Matrix gram(y.cols, y.cols);
  add_scatter(y.values.data(), y.rows, gram);
  const Eigen eigen = on_one_thread([&] { return eigen_symmetric(gram); });
  const double least = 1e-12 * eigen.values.back();
  Matrix axes(y.cols, y.cols);
  std::size_t kept = 0;
  for (std::size_t i = y.cols; i-- > 0 && eigen.values[i] > least; ++kept) {
    for (std::size_t r = 0; r < y.cols; ++r) {
      axes(r, kept) = eigen.vectors(r, i) / std::sqrt(eigen.values[i]);
    }
  }
  const Matrix all = on_one_thread([&] { return multiply(y, axes); });
  LeadingDirections out{.width = y.rows, .count = y.cols};
  out.matrix.assign(all.values.begin(), all.values.end());
  return out.first(kept);
}

}  // namespace

LeadingDirections LeadingDirections::first(std::size_t wanted) const {
  LeadingDirections out{.width = width, .count = std::min(wanted, count)};
  out.matrix.resize(width * out.count);
  for (std::size_t r = 0; r < width; ++r) {
    std::copy_n(&matrix[r * count], out.count, &out.matrix[r * out.count]);
  }
  out.skew = skew_of(out);
  return out;
}

void LeadingDirections::project(const float* x, std::size_t rows, std::size_t stride,
                                float* y) const {
  gemm(false, rows, count, width, 1.0f, x, stride, matrix.data(), count, 0.0f, y, count);
}

double LeadingDirections::relative_error() const {
  return 1.01 * 0x1p-24 * static_cast<double>(width + 1) *
         std::sqrt(static_cast<double>(count) * (1 + skew));
}

double LeadingDirections::absolute_error() const {
  return 0x1p-125 * static_cast<double>(width) * std::sqrt(static_cast<double>(count));
}

LeadingDirections leading_directions(const float* rows, std::size_t n, std::size_t width,
                                     std::size_t count) {
  LeadingDirections none{.width = width};
  float largest = 0;
  for (std::size_t i = 0; i < n * width; ++i) {
    if (!std::isfinite(rows[i])) return none;
    largest = std::max(largest, std::abs(rows[i]));
  }
  if (largest == 0) return none;
  std::vector<float> a(n * width), turned(n * width);
  for (std::size_t r = 0; r < n; ++r) {
    for (std::size_t c = 0; c < width; ++c) {
      a[r * width + c] = turned[c * n + r] = rows[r * width + c] / largest;
    }
  }
  Rng rng(1);
  LeadingDirections out{
      .width = width, .count = count, .matrix = std::vector<float>(width * count)};
  for (float& v : out.matrix) v = static_cast<float>(rng.normal());
  std::vector<float> seen(n * count), y(width * count);
  constexpr int passes = 3;
  for (int pass = 0; pass < passes && out.count > 0; ++pass) {
    out.project(a.data(), n, width, seen.data());
    gemm(false, width, out.count, n, 1.0f, turned.data(), n, seen.data(), out.count, 0.0f, y.data(),
         out.count);
    out = orthonormal(
        {width, out.count, std::vector<double>(y.data(), y.data() + width * out.count)});
  }
  return out;
}

}  // namespace nescio::math
