// Rows of floats as bytes.
#pragma once

namespace nescio::math {

/// The numbers low + step * code, code = least .. 127, over a range from `low`, or about it for a negative `least`.
struct Ladder {
  /// Pairs of products of codes must fit in the 16 bits that AVX2 adds them in.
  static constexpr float most = 127;
  /// Steps below it would lose digits in products with their inverse.
  static constexpr float smallest_step = 1e-30f;

  Ladder(float low_, float range, float least_)
      : low(low_),
        step(range > most * smallest_step ? range / most : 0),
        inverse(step > 0 ? 1 / step : 0),
        least(least_) {}

  float low, step, inverse, least;
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
