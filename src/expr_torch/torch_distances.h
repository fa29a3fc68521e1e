// Squared distances to the rows of a table on a device, as math::DistanceTable has them on the CPU.
#pragma once

#include "expr_torch/torch_table.h"

namespace nescio::expr {

/// |x - row|^2 = |x|^2 + |row|^2 - 2 x row loses the digits of distances that are short against |x| and |row|. So both
/// are taken about the mean of the rows where these lie far from the origin, what rounding is left is bounded by
/// error(), and exact() takes differences in double.
class TorchDistances {
 public:
  /// The table must outlive this. Two passes over its rows.
  explicit TorchDistances(const TorchTable& table);

  std::int64_t rows() const { return table_.rows(); }

  /// x - mean, [n, width]; x itself where the mean is taken as 0.
  torch::Tensor about_mean(const torch::Tensor& x) const;
  /// y[r, j] = sign (|row|^2 - 2 x row), row = first + j, all about the mean, written to y [n, count].
  void relative(const torch::Tensor& x_about_mean, std::int64_t first, int sign,
                torch::Tensor& y) const;
  /// Of points of these lengths about the mean, [n] in double: no relative distance is off by more.
  torch::Tensor error(const torch::Tensor& lengths) const;
  /// Of which the product stays far from the end of the range of floats.
  torch::Tensor in_range(const torch::Tensor& lengths) const;

  /// |x - row|^2, row = first + j, each within some 1e-6 of itself: [n, count]. Waits for the device once.
  torch::Tensor distances(const torch::Tensor& x, std::int64_t first, std::int64_t count) const;
  /// |x_r - row|^2 in double, from the numbers as they were given, of the rows index[r, j]: [n, m].
  torch::Tensor exact(const torch::Tensor& x, const torch::Tensor& index) const;
  /// The same of all x to rows first .. first + count - 1: [n, count].
  torch::Tensor exact(const torch::Tensor& x, std::int64_t first, std::int64_t count) const;
  /// |x - mean|^2 in double, [n].
  torch::Tensor exact_to_mean(const torch::Tensor& x) const;

  /// Numbers that exact() holds at a time, in double.
  static constexpr std::int64_t values_at_once = std::int64_t{1} << 24;

 private:
  void take_exactly(const torch::Tensor& x, std::int64_t first, const torch::Tensor& doubtful,
                    torch::Tensor& y) const;

  const TorchTable& table_;
  double unit_, smallest_;
  double longest_ = 0;   // row about the mean
  torch::Tensor mean_;   // [1, width]; undefined where the rows are near the origin
  torch::Tensor norms_;  // |row|^2 about the mean, [rows]
};

}  // namespace nescio::expr
