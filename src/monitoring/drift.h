// How far the scores of a window are from those of calibration.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace nescio::monitoring {

/// Kolmogorov and Smirnov's test of two samples.
struct KsTest {
  double statistic = 0;  // the largest distance of the two empirical distribution functions
  /// P(a distance at least as large | both of one continuous distribution). With ties it is larger than that.
  double p_value = 1;
};

/// Products of the two sizes up to this have the exact p-value, larger ones Smirnov's limit (1939).
inline constexpr std::size_t exact_ks_cells = 10'000'000;

/// Of two ascending samples. O(m log n), and O(m n) for the exact p-value: the share of the paths from (0, 0) to (m, n)
/// that come as far from the diagonal (Hodges, Arkiv foer Matematik 3, 1958), summed without cancellation. Error if a
/// sample is empty.
KsTest ks_test(std::span<const float> window, std::span<const float> calibration,
               std::size_t exact_cells = exact_ks_cells);

/// P(sup |B| >= x) of a Brownian bridge B: 2 sum (-1)^(k-1) exp(-2 k^2 x^2).
double kolmogorov_tail(double x);

/// Population stability index, sum over bins of (a - e) ln(a / e): e is the share of calibration scores in a bin, a that
/// of the window. Bins are bounded by the deciles of calibration (the 10 %, 20 % ... smallest score), each holding what
/// is above its lower and not above its upper bound, the outer ones open; equal deciles make one bin of several. Half a
/// row is added to every bin on both sides, so that an empty one gives no infinity.
class StabilityIndex {
 public:
  /// Of ascending scores. Error if there are none.
  explicit StabilityIndex(std::span<const float> calibration);

  /// Of a window, which is not empty. O(m log bins).
  double operator()(std::span<const float> window) const;
  /// What a window of so many rows has on average without any drift: (bins - 1) (1/m + 1/n), as m and n grow
  /// (Yurdakul and Naranjo, Journal of Risk Model Validation 14, 2020).
  double by_chance(std::size_t rows) const;

  /// Between bins, ascending.
  const std::vector<float>& bounds() const { return bounds_; }
  std::vector<std::size_t> counts(std::span<const float> scores) const;

 private:
  std::vector<float> bounds_;
  std::vector<std::size_t> expected_;
  std::size_t rows_;
};

}  // namespace nescio::monitoring
