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

/// Throws Error unless 0 < confidence < 1.
void require_confidence(double confidence);

}  // namespace nescio::metrics
