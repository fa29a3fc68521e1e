#include "detectors/largest_entries.h"

#include <algorithm>
#include <cmath>

namespace nescio::detectors {

std::size_t largest_count(double p, std::size_t width) {
  const auto cut = static_cast<std::size_t>(std::nearbyint(p * static_cast<double>(width)));
  return std::max<std::size_t>(width - std::min(cut, width), 1);
}

Expr sum_of_largest(const Expr& x, std::size_t k) {
  return column(cumsum(sorted(x, Sort::descending)), k - 1);
}

Expr scaling_factor(const Expr& sum, const Expr& part) {
  const Expr zero = constant(sum.graph(), 0.0);
  return exp(where(part > 0.0, clip(sum / part, -80.0, 80.0), zero));
}

}  // namespace nescio::detectors
