// Squared distances to the rows of a table: one product for all of them, differences in double
// where its rounding would show.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/array.h"
#include "base/matrix_view.h"

namespace nescio::math {

/// The rows of a table, prepared for |x - row|^2 = |x|^2 + |row|^2 - 2 x row. That form loses the
/// digits of distances that are short against |x| and |row|. Distances do not change when both
/// sides are moved, so both are taken about the mean of the rows; what rounding is left is bounded
/// by error(), and exact() gives single distances from the differences.
class DistanceTable {
 public:
  /// values [rows, width], float32 or float64; shares their storage. A copy about the mean is held only of
  /// rows that lie far from the origin (|mean|^2 > 3 times the mean of |row - mean|^2): of nearer
  /// ones it would save less than two bits.
  DistanceTable(Array values, std::size_t rows, std::size_t width);

  std::size_t rows() const { return norms_.size(); }
  std::size_t width() const { return width_; }

  /// x - mean, to `moved` [x.rows, w]; x itself where the mean is taken as 0.
  MatrixView about_mean(MatrixView x, float* moved) const;
  /// y[r, j] = |row|^2 - 2 x row for row = first + j, all about the mean; y [x.rows, count]. It is
  /// |x - row|^2 less what is the same for all rows.
  void relative_distances(MatrixView x_about_mean, std::size_t first, std::size_t count,
                          float* y) const;
  /// The same of one point and `count` rows, counted from `first`: y [count].
  void relative_distances(const float* x_about_mean, std::size_t first, const std::int32_t* rows,
                          std::size_t count, float* y) const;
  /// No relative distance to a row of length <= `row_length` about the mean is off by more than
  /// this, in whatever order the product is summed up; `x_length` is |x| about the mean.
  double error(double x_length, double row_length) const {
    return (unit_ * row_length) * (2 * x_length + row_length) + smallest_;
  }
  /// |row| about the mean.
  const std::vector<float>& lengths() const { return lengths_; }
  /// |row|^2 about the mean.
  const std::vector<float>& norms() const { return norms_; }
  const float* row_about_mean(std::size_t row) const { return about_mean_ + row * width_; }

  /// y[r, j] = |x - row|^2 for row = first + j, each within some 1e-6 of itself; y [x.rows, count].
  /// `scratch` holds scratch_floats(x.rows, width()).
  void distances(MatrixView x, std::size_t first, std::size_t count, float* scratch,
                 float* y) const;
  static std::size_t scratch_floats(std::size_t points, std::size_t width) {
    return points * (width + 1);
  }

  /// |x - row|^2 in double, from the numbers as they were given.
  double exact(const float* x, std::size_t row) const;
  /// |x - mean|^2 in double.
  double exact_to_mean(const float* x) const;

 private:
  template <class T>
  void prepare();

  Array given_;
  std::size_t width_;
  double unit_, smallest_;
  std::vector<float> mean_;     // zeros where the rows are near the origin
  std::vector<float> moved_;    // rows about the mean; empty where the given ones serve
  const float* about_mean_;     // moved_ or given_
  std::vector<float> norms_;    // |row|^2 about the mean
  std::vector<float> lengths_;  // its root
};

}  // namespace nescio::math
