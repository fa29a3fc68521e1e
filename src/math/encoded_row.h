// Rows of floats as bytes.
#pragma once

namespace nescio::math {

/// The numbers low + step * code, code = least .. most, over a range from `low`, or about it for a negative `least`.
struct Ladder {
  /// Steps below it would lose digits in products with their inverse.
  static constexpr float smallest_step = 1e-30f;

  Ladder(float low_, float range, float least_, float most_)
      : low(low_),
        step(range > most_ * smallest_step ? range / most_ : 0),
        inverse(step > 0 ? 1 / step : 0),
        least(least_),
        most(most_) {}

  float low, step, inverse, least, most;
};

/// Of a row x and what its codes tell of it, x'.
struct EncodedRow {
  double rest = 0;          // |x - x'|^2
  double squares = 0;       // |x|^2
  double told_squares = 0;  // |x'|^2
  double sum = 0;           // of the codes
};

/// Of numbers.
struct Range {
  float low, high;
};

}  // namespace nescio::math
