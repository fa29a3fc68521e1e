#include "metrics/distributions.h"

#include <cmath>
#include <numbers>

#include "base/error.h"

namespace nescio::metrics {
namespace {

/// Where in [0, high] `below` turns from true to false, by halving to the last bit.
template <class Below>
double halved(double high, const Below& below) {
  double low = 0;
  while (true) {
    const double middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    (below(middle) ? low : high) = middle;
  }
}

}  // namespace

void require_confidence(double confidence) {
  if (!(confidence > 0 && confidence < 1)) {
    fail("[metrics] confidence: expected a number between 0 and 1, found ", confidence);
  }
}

double normal_z(double confidence) {
  require_confidence(confidence);
  // P(|Z| > z) = erfc(z / sqrt(2)) falls from 1 to 0; halving finds z to the last bit.
  return halved(40, [&](double z) { return std::erfc(z / std::numbers::sqrt2) > 1 - confidence; });
}

double student_t(double confidence, std::size_t freedom) {
  require_confidence(confidence);
  if (freedom < 1) fail("[metrics] Student's t: expected at least 1 degree of freedom, found 0");
  const double n = static_cast<double>(freedom);
  // P(|T| <= t) with t = sqrt(n) tan(a): a finite sum (Abramowitz and Stegun, 26.7.3 and 26.7.4).
  const auto inside = [&](double angle) {
    const bool odd = freedom % 2 == 1;
    const double cosine = std::cos(angle);
    double term = std::sin(angle) * (odd ? cosine : 1);
    double sum = freedom == 1 ? 0 : term;
    for (std::size_t k = odd ? 3 : 2; k < freedom; k += 2) {
      const double power = static_cast<double>(k);
      term *= cosine * cosine * (power - 1) / power;
      sum += term;
    }
    return odd ? 2 / std::numbers::pi * (angle + sum) : sum;
  };
  const double angle =
      halved(std::numbers::pi / 2, [&](double a) { return inside(a) < confidence; });
  return std::sqrt(n) * std::tan(angle);
}

}  // namespace nescio::metrics
