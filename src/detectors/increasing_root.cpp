#include "detectors/increasing_root.h"

#include <algorithm>
#include <cmath>

namespace nescio::detectors {

double increasing_root(const std::function<ValueAndSlope(double)>& f, double start, double low,
                       double high) {
  constexpr double precision = 1e-10;  // of the last step: of the root it is the square of that
  double x = start;
  for (int evaluations = 0; evaluations < 200; ++evaluations) {
    const auto [value, slope] = f(x);
    if (value == 0) break;
    (value < 0 ? low : high) = x;
    double next = x - value / slope;
    if (!(next > low && next < high)) {
      next = std::isinf(high) ? low + 2 * std::max(std::abs(low), 1.0) : low + 0.5 * (high - low);
    }
    const double step = std::abs(next - x);
    x = next;
    if (step <= precision * std::abs(x)) break;
  }
  return x;
}

}  // namespace nescio::detectors
