#include "metrics/proportion.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "metrics/distributions.h"

namespace nescio::metrics {

double share(const Proportion& proportion) {
  const auto [count, rows] = proportion;
  if (rows == 0) fail("[metrics] share: expected at least one row, found none");
  if (count > rows) fail("[metrics] share: expected at most ", rows, " rows, found ", count);
  return static_cast<double>(count) / static_cast<double>(rows);
}

Bounds wilson_interval(const Proportion& proportion, double confidence) {
  const double p = share(proportion);
  const auto n = static_cast<double>(proportion.rows);
  const double z = normal_z(confidence);
  const double centre = p + z * z / (2 * n);
  const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  return {std::max(0.0, (centre - half) / scale), std::min(1.0, (centre + half) / scale)};
}

Bounds clopper_pearson_interval(const Proportion& proportion, double confidence) {
  require_confidence(confidence);
  share(proportion);  // or an Error
  const double outside = (1 - confidence) / 2;
  const auto k = static_cast<double>(proportion.count), n = static_cast<double>(proportion.rows);
  return {k == 0 ? 0 : beta_quantile(outside, k, n - k + 1),
          k == n ? 1 : beta_quantile(1 - outside, k + 1, n - k)};
}

}  // namespace nescio::metrics
