// A double rounded up to a float.
#pragma once

#include <cmath>
#include <limits>

namespace nescio::math {

/// A float that is > value, next but one to it at most.
inline float float_above(double value) {
  return std::nextafter(static_cast<float>(value), std::numeric_limits<float>::infinity());
}

}  // namespace nescio::math
