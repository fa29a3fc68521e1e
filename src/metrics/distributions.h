// Quantiles of the distributions that intervals are made of.
#pragma once

#include <cstddef>

namespace nescio::metrics {

/// z with P(|Z| <= z) = confidence for a standard normal Z: 1.95996... for 0.95.
/// Throws Error unless 0 < confidence < 1.
double normal_z(double confidence);

/// t with P(|T| <= t) = confidence for Student's T with `freedom` degrees: 4.3027 for 0.95 and 2.
/// Throws Error unless 0 < confidence < 1 and freedom >= 1.
double student_t(double confidence, std::size_t freedom);

/// P(X <= x) for a beta variable X with parameters a, b > 0, 0 <= x <= 1, to about 1e-13. The m-th smallest of n
/// uniform numbers has a = m, b = n - m + 1, and P(at least m of n) with probability x each is the same number.
double beta_probability(double x, double a, double b);

/// x with P(X <= x) = probability, 0 < probability < 1. Error otherwise, and unless a, b > 0.
double beta_quantile(double probability, double a, double b);

/// Throws Error unless 0 < confidence < 1.
void require_confidence(double confidence);

}  // namespace nescio::metrics
