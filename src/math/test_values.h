// For tests: values that kernels must not lose.
#pragma once

#include <limits>

namespace nescio::math {

inline constexpr float kInf = std::numeric_limits<float>::infinity();
inline constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

}  // namespace nescio::math
