#include "calibration/threshold.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "metrics/distributions.h"

namespace nescio::calibration {
namespace {

void check_promise(const Promise& promise) {
  if (!(promise.share > 0 && promise.share < 1)) {
    fail("expected a share between 0 and 1, found ", promise.share);
  }
  metrics::require_confidence(promise.confidence);
}

// With which probability the m-th smallest of n scores is at least the quantile.
double confidence_of(std::size_t m, std::size_t n, double share) {
  // P(Binomial(n, share) >= m) is the same as P(Beta(m, n - m + 1) <= share).
  return 1 -
         metrics::beta_probability(share, static_cast<double>(m), static_cast<double>(n - m + 1));
}

void check_finite(std::span<const float> scores) {
  const auto found = std::ranges::find_if(scores, [](float s) { return !std::isfinite(s); });
  if (found != scores.end()) {
    fail("expected scores without NaN and infinity, found ", *found, " in row ",
         found - scores.begin());
  }
}

// The m-th smallest, m >= 1.
float ordered(std::span<const float> scores, std::size_t m) {
  std::vector<float> copy(scores.begin(), scores.end());
  const auto place = copy.begin() + static_cast<std::ptrdiff_t>(m) - 1;
  std::ranges::nth_element(copy, place);
  return *place;
}

}  // namespace

std::size_t fewest_rows(const Promise& promise) {
  check_promise(promise);
  if (!promise.guaranteed) return 1;
  // Even the largest of n misses the quantile with probability share^n.
  auto n = static_cast<std::size_t>(
      std::max(1.0, std::ceil(std::log(1 - promise.confidence) / std::log(promise.share))));
  while (n > 1 && confidence_of(n - 1, n - 1, promise.share) >= promise.confidence) --n;
  while (confidence_of(n, n, promise.share) < promise.confidence) ++n;
  return n;
}

std::size_t rows_needed(std::size_t n, const Promise& promise) {
  const std::size_t fewest = fewest_rows(promise);
  if (n < fewest) {
    fail("a share of ", promise.share,
         promise.guaranteed ? text(" cannot be guaranteed with a confidence of ",
                                   promise.confidence, " by ", n, " rows; that takes ", fewest)
                            : text(" wants at least one row, found none"));
  }
  if (!promise.guaranteed) {
    auto m = static_cast<std::size_t>(promise.share * static_cast<double>(n));
    while (static_cast<double>(m) / static_cast<double>(n) < promise.share) ++m;
    return std::max<std::size_t>(m, 1);
  }
  std::size_t low = 0, high = n;  // low is too few, high enough
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    (confidence_of(middle, n, promise.share) >= promise.confidence ? high : low) = middle;
  }
  return high;
}

double threshold_that_keeps(std::span<const float> id, const Promise& promise) {
  check_finite(id);
  return ordered(id, rows_needed(id.size(), promise));
}

double threshold_that_catches(std::span<const float> ood, const Promise& promise) {
  check_finite(ood);
  const float last = ordered(ood, ood.size() + 1 - rows_needed(ood.size(), promise));
  return std::nextafter(last, -std::numeric_limits<float>::infinity());
}

}  // namespace nescio::calibration
