#include "monitoring/drift.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"

namespace nescio::monitoring {
namespace {

/// The largest |i n - j m| over all scores, where i of the m scores of the window and j of the n others are below or
/// not above: m n times the statistic.
std::int64_t largest_distance(std::span<const float> window, std::span<const float> calibration) {
  const auto m = static_cast<std::int64_t>(window.size());
  const auto n = static_cast<std::int64_t>(calibration.size());
  std::int64_t largest = 0;
  // Between two scores of the window only j grows, so it is enough to look at both sides of each.
  for (auto at = window.begin(); at != window.end();) {
    const auto next = std::upper_bound(at, window.end(), *at);
    const auto [first, last] = std::equal_range(calibration.begin(), calibration.end(), *at);
    largest =
        std::max(largest, std::abs((at - window.begin()) * n - (first - calibration.begin()) * m));
    largest =
        std::max(largest, std::abs((next - window.begin()) * n - (last - calibration.begin()) * m));
    at = next;
  }
  return largest;
}

/// The share of the paths from (0, 0) to (m, n) on which some |i n - j m| is at least `distance`.
double paths_outside(std::int64_t m, std::int64_t n, std::int64_t distance) {
  std::vector<double> row(static_cast<std::size_t>(n) + 1);
  for (std::int64_t i = 0; i <= m; ++i) {
    for (std::int64_t j = 0; j <= n; ++j) {
      double& here = row[static_cast<std::size_t>(j)];
      if (std::abs(i * n - j * m) >= distance) {
        here = 1;
      } else if (i + j == 0) {
        here = 0;
      } else {
        // The last step came from (i - 1, j), whose value still stands here, or from (i, j - 1).
        const double left = j > 0 ? row[static_cast<std::size_t>(j - 1)] : 0;
        here = (static_cast<double>(i) * here + static_cast<double>(j) * left) /
               static_cast<double>(i + j);
      }
    }
  }
  return row.back();
}

}  // namespace

double kolmogorov_tail(double x) {
  // Below, the sum is 1 but for 1e-13, and takes many terms to say so.
  if (x < 0.2) return 1;
  double sum = 0;
  for (int k = 1; k <= 100; ++k) {
    const double term = std::exp(-2 * k * k * x * x);
    sum += k % 2 == 1 ? term : -term;
    if (term < 1e-18 * sum) break;
  }
  return std::clamp(2 * sum, 0.0, 1.0);
}

KsTest ks_test(std::span<const float> window, std::span<const float> calibration,
               std::size_t exact_cells) {
  if (window.empty() || calibration.empty()) fail("KS test: expected two samples, one is empty");
  const std::size_t m = window.size(), n = calibration.size();
  const std::int64_t distance = largest_distance(window, calibration);
  const double cells = static_cast<double>(m) * static_cast<double>(n);
  KsTest out{.statistic = static_cast<double>(distance) / cells};
  if (cells <= static_cast<double>(exact_cells)) {
    out.p_value =
        paths_outside(static_cast<std::int64_t>(m), static_cast<std::int64_t>(n), distance);
  } else {
    out.p_value = kolmogorov_tail(std::sqrt(cells / static_cast<double>(m + n)) * out.statistic);
  }
  return out;
}

StabilityIndex::StabilityIndex(std::span<const float> calibration) : rows_(calibration.size()) {
  if (calibration.empty()) fail("stability index: expected calibration scores, found none");
  constexpr std::size_t bins = 10;
  for (std::size_t b = 1; b < bins; ++b) {
    const std::size_t rank = (b * rows_ + bins - 1) / bins;  // of the decile, from 1
    const float bound = calibration[rank - 1];
    if (bounds_.empty() || bound > bounds_.back()) bounds_.push_back(bound);
  }
  // Nothing of calibration is above its largest score.
  while (!bounds_.empty() && bounds_.back() == calibration.back()) bounds_.pop_back();
  expected_ = counts(calibration);
}

std::vector<std::size_t> StabilityIndex::counts(std::span<const float> scores) const {
  std::vector<std::size_t> out(bounds_.size() + 1);
  for (const float score : scores) {
    ++out[static_cast<std::size_t>(std::ranges::lower_bound(bounds_, score) - bounds_.begin())];
  }
  return out;
}

double StabilityIndex::operator()(std::span<const float> window) const {
  const std::vector<std::size_t> found = counts(window);
  const auto bins = static_cast<double>(found.size());
  const auto share = [bins](std::size_t count, std::size_t rows) {
    return (static_cast<double>(count) + 0.5) / (static_cast<double>(rows) + 0.5 * bins);
  };
  double sum = 0;
  for (std::size_t b = 0; b < found.size(); ++b) {
    const double actual = share(found[b], window.size()), expected = share(expected_[b], rows_);
    sum += (actual - expected) * std::log(actual / expected);
  }
  return sum;
}

double StabilityIndex::by_chance(std::size_t rows) const {
  return static_cast<double>(bounds_.size()) *
         (1 / static_cast<double>(rows) + 1 / static_cast<double>(rows_));
}

}  // namespace nescio::monitoring
