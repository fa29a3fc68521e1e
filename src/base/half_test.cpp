#include "base/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace nescio {
namespace {

TEST(Half, IsReadBackAsItWasForEveryHalf) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = half_to_float(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(half_to_float(float_to_half(value))));
    } else {
      ASSERT_EQ(float_to_half(value), half) << value;
    }
  }
}

TEST(Half, IsTheNearestOne) {
  for (std::uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const float low = half_to_float(static_cast<std::uint16_t>(bits));
    const float high = half_to_float(static_cast<std::uint16_t>(bits + 1));
    const float middle = low + (high - low) / 2;  // exact in float
    const auto even = static_cast<std::uint16_t>(bits + (bits & 1));
    ASSERT_EQ(float_to_half(middle), even) << middle;
    ASSERT_EQ(float_to_half(std::nextafter(middle, low)), bits) << middle;
    ASSERT_EQ(float_to_half(std::nextafter(middle, high)), bits + 1) << middle;
  }
  EXPECT_EQ(float_to_half(65519.0f), 0x7bff);
  EXPECT_EQ(float_to_half(65520.0f), 0x7c00);
  EXPECT_EQ(float_to_half(-std::numeric_limits<float>::infinity()), 0xfc00);
}

TEST(Half, OfAnArrayKeepsItsShape) {
  const Array half = to_float16(Array({2, 2}, std::vector<float>{0.5f, -1, 0.1f, 1e9f}));
  EXPECT_EQ(half.dtype(), DType::float16);
  EXPECT_EQ(half.shape(), (Shape{2, 2}));
  const Array back = half.to_float32();
  EXPECT_EQ(back.as<float>()[1], -1);
  EXPECT_NEAR(back.as<float>()[2], 0.1, 5e-5);
  EXPECT_TRUE(std::isinf(back.as<float>()[3]));
}

}  // namespace
}  // namespace nescio
