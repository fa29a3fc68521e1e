#include "base/half.h"

#include <bit>
#include <cmath>
#include <vector>

namespace nescio {

std::uint16_t float_to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  const auto half = [&](std::uint32_t magnitude) {
    return static_cast<std::uint16_t>(sign | magnitude);
  };
  const float size = std::abs(value);
  if (std::isnan(value)) return half(0x7e00u);
  if (size >= 65520.0f) return half(0x7c00u);
  // Below the smallest normal half the steps are of 2^-24.
  if (size < 0x1p-14f)
    return half(static_cast<std::uint32_t>(std::nearbyint(std::ldexp(size, 24))));
  const std::uint32_t rounding = 0xfffu + ((bits >> 13) & 1u);
  return half((((bits & 0x7fffffffu) + rounding) >> 13) - (112u << 10));
}

Array to_float16(const Array& array) {
  const auto values = array.as<float>();
  const auto halves = std::make_shared<std::vector<std::uint16_t>>();
  halves->reserve(values.size());
  for (const float value : values) halves->push_back(float_to_half(value));
  return {DType::float16, array.shape(), halves, halves->data()};
}

}  // namespace nescio
