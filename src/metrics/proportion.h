// Shares of rows, and the numbers that intervals are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace nescio {

/// The ends of an interval.
struct Bounds {
  double lower = 0;
  double upper = 0;
};

/// How many rows of the ID set the network classified right.
struct Predictions {
  std::size_t correct = 0;
  std::size_t rows = 0;
};

/// Counts where predicted[i] == labels[i]. Throws Error if there are none, if the lengths differ,
/// or at the first negative label (a row without class has no right answer).
Predictions compare(std::span<const std::int64_t> predicted, std::span<const std::int64_t> labels);

/// correct / rows. Throws Error if rows is 0 or correct above it.
double accuracy(const Predictions& predictions);

/// Wilson's score interval for a share (Wilson, JASA 22, 1927): close to its nominal coverage and
/// inside [0, 1] for few rows and for shares near 0 or 1 too. Throws Error as accuracy().
Bounds wilson_interval(const Predictions& predictions, double confidence);

/// z with P(|Z| <= z) = confidence for a standard normal Z: 1.95996... for 0.95.
/// Throws Error unless 0 < confidence < 1.
double normal_z(double confidence);

/// t with P(|T| <= t) = confidence for Student's T with `freedom` degrees: 4.3027 for 0.95 and 2.
/// Throws Error unless 0 < confidence < 1 and freedom >= 1.
double student_t(double confidence, std::size_t freedom);

}  // namespace nescio
