#include "calibration/p_values.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "metrics/distributions.h"

namespace nescio::calibration {

std::vector<double> simes_bounds(std::size_t n, double confidence) {
  metrics::require_confidence(confidence);
  const std::size_t k = std::max<std::size_t>(1, n / 2);
  // b_{n+1-i} = 1 - delta^(1/k) (i (i-1) .. (i-k+1) / (n (n-1) .. (n-k+1)))^(1/k); for i < k it is 1.
  const double log_delta = std::log1p(-confidence);
  std::vector<double> bounds(n, 1.0);
  double log_ratio = 0;  // of the two products, for i = n
  for (std::size_t i = n; i >= k && i > 0; --i) {
    bounds[n - i] = -std::expm1((log_delta + log_ratio) / static_cast<double>(k));
    // From i to i - 1 the factor i goes and i - k comes.
    log_ratio += i == k ? 0 : std::log(static_cast<double>(i - k) / static_cast<double>(i));
  }
  return bounds;
}

ConformalPValues::ConformalPValues(std::vector<float> scores, Validity validity, double confidence)
    : scores_(std::move(scores)) {
  if (scores_.empty()) fail("p-values want at least one calibration score, found none");
  const auto broken = std::ranges::find_if(scores_, [](float s) { return !std::isfinite(s); });
  if (broken != scores_.end()) {
    fail("expected calibration scores without NaN and infinity, found ", *broken, " in row ",
         broken - scores_.begin());
  }
  metrics::require_confidence(confidence);
  std::ranges::sort(scores_);
  const std::size_t n = scores_.size();
  if (validity == Validity::conditional) {
    values_ = simes_bounds(n, confidence);
    values_.push_back(1);
    return;
  }
  for (std::size_t j = 1; j <= n + 1; ++j) {
    values_.push_back(static_cast<double>(j) / static_cast<double>(n + 1));
  }
}

double ConformalPValues::operator()(double score) const {
  const auto first = std::ranges::lower_bound(scores_, score);
  return values_[static_cast<std::size_t>(scores_.end() - first)];
}

std::vector<bool> false_discovery_rate(std::span<const double> p_values, double rate) {
  if (!(rate > 0 && rate < 1)) {
    fail("expected a false discovery rate between 0 and 1, found ", rate);
  }
  std::vector<double> sorted(p_values.begin(), p_values.end());
  std::ranges::sort(sorted);
  double last = -1;  // the largest p-value that is rejected
  const auto n = static_cast<double>(sorted.size());
  for (std::size_t i = sorted.size(); i-- > 0 && last < 0;) {
    if (sorted[i] <= rate * static_cast<double>(i + 1) / n) last = sorted[i];
  }
  std::vector<bool> out;
  for (const double p : p_values) out.push_back(p <= last);
  return out;
}

}  // namespace nescio::calibration
