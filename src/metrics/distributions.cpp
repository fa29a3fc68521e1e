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

/// The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's algorithm. It
/// converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double x, double a, double b) {
  constexpr double tiny = 1e-300, enough = 1e-16;
  const auto away_from_zero = [](double value) { return std::abs(value) < tiny ? tiny : value; };
  double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (double m = 1; m < 1e5; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    double step = 1;
    for (const double coefficient : {even, odd}) {
      d = 1 / away_from_zero(1 + coefficient * d);
      c = away_from_zero(1 + coefficient / c);
      step = c * d;
      fraction *= step;
    }
    if (std::abs(step - 1) < enough) break;
  }
  return fraction;
}

}  // namespace

double beta_probability(double x, double a, double b) {
  if (!(a > 0 && b > 0)) fail("[metrics] beta: expected a, b > 0, found ", a, " and ", b);
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double log_front =
      std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  const double front = std::exp(log_front);
  return x < (a + 1) / (a + b + 2) ? front * beta_fraction(x, a, b) / a
                                   : 1 - front * beta_fraction(1 - x, b, a) / b;
}

double beta_quantile(double probability, double a, double b) {
  if (!(probability > 0 && probability < 1)) {
    fail("[metrics] beta: expected a probability between 0 and 1, found ", probability);
  }
  return halved(1, [&](double x) { return beta_probability(x, a, b) < probability; });
}

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
