#include "base/array.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace nescio {
namespace {

TEST(Array, ViewsAndSlicesShareStorage) {
  const Array a({3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6});
  EXPECT_EQ(a.matrix()(2, 1), 6);
  const Array part = a.slice(1, 2);
  EXPECT_EQ(part.as<float>().data(), a.as<float>().data() + 2);
  EXPECT_EQ(part.shape(), (Shape{2, 2}));
  EXPECT_THROW(a.slice(2, 2), Error);
  EXPECT_THROW(a.as<double>(), Error);
  EXPECT_THROW(Array({2, 2}, std::vector<float>{1}), Error);
}

TEST(Array, ConvertsBetweenTypes) {
  const Array ints({3}, std::vector<std::int32_t>{-1, 0, 70000});
  EXPECT_THAT(ints.to_int64().as<std::int64_t>(), testing::ElementsAre(-1, 0, 70000));
  EXPECT_THAT(ints.to_float32().as<float>(), testing::ElementsAre(-1, 0, 70000));
  const Array whole({2}, std::vector<double>{3, -4});
  EXPECT_THAT(whole.to_int64().as<std::int64_t>(), testing::ElementsAre(3, -4));
  EXPECT_THROW(Array({1}, std::vector<double>{0.5}).to_int64(), Error);
  EXPECT_THROW(Array({1}, std::vector<float>{std::numeric_limits<float>::quiet_NaN()}).to_int64(),
               Error);
}

template <class T>
Array unsigned_array(DType type, std::vector<T> values) {
  auto owner = std::make_shared<const std::vector<T>>(std::move(values));
  const void* data = owner->data();
  return {type, {owner->size()}, owner, data};
}

TEST(Array, ConvertsUnsignedTypes) {
  const Array small = unsigned_array(DType::uint16, std::vector<std::uint16_t>{0, 65535});
  EXPECT_THAT(small.to_int64().as<std::int64_t>(), testing::ElementsAre(0, 65535));
  const Array middle = unsigned_array(DType::uint32, std::vector<std::uint32_t>{4294967295U});
  EXPECT_THAT(middle.to_int64().as<std::int64_t>(), testing::ElementsAre(4294967295));
  EXPECT_THAT(middle.to_float64().as<double>(), testing::ElementsAre(4294967295.0));
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  const Array large = unsigned_array(DType::uint64, std::vector<std::uint64_t>{7, most});
  EXPECT_EQ(large.to_int64().as<std::int64_t>()[1], std::numeric_limits<std::int64_t>::max());
  const Array beyond = unsigned_array(DType::uint64, std::vector<std::uint64_t>{7, most + 1});
  EXPECT_THROW(beyond.to_int64(), Error);
}

TEST(Array, TakesAnotherShape) {
  const Array a({2, 3, 1}, std::vector<float>{1, 2, 3, 4, 5, 6});
  EXPECT_EQ(a.reshape({2, 3}).matrix()(1, 2), 6);
  EXPECT_EQ(a.reshape({6}).as<float>().data(), a.as<float>().data());
  EXPECT_THROW(a.reshape({4}), Error);
}

TEST(Array, ReadsHalfPrecision) {
  EXPECT_EQ(half_to_float(0x3c00), 1.0f);
  EXPECT_EQ(half_to_float(0xc000), -2.0f);
  EXPECT_EQ(half_to_float(0x0001), std::ldexp(1.0f, -24));
  EXPECT_EQ(half_to_float(0x83ff), -1023 * std::ldexp(1.0f, -24));
  EXPECT_EQ(half_to_float(0x7bff), 65504.0f);
  EXPECT_EQ(half_to_float(0xfc00), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(half_to_float(0x7e00)));
  EXPECT_EQ(bfloat16_to_float(0x3f80), 1.0f);
  EXPECT_EQ(bfloat16_to_float(0xc0a0), -5.0f);
}

TEST(Shapes, AreCountedWithoutOverflow) {
  EXPECT_EQ(count_of({3, 4, 5}, 8), 60u);
  EXPECT_EQ(count_of({}), 1u);
  EXPECT_EQ(count_of({std::size_t{1} << 62, 0}), 0u);
  EXPECT_THROW(count_of({std::size_t{1} << 40, std::size_t{1} << 40}), Error);
  EXPECT_THROW(count_of({std::size_t{1} << 61}, 8), Error);
}

TEST(Array, IsTheSameWhereTypeShapeAndBytesAre) {
  const Array a({2}, std::vector<float>{1, -0.0F});
  EXPECT_TRUE(same_bits(a, a));
  EXPECT_TRUE(same_bits(a, Array({2}, std::vector<float>{1, -0.0F})));
  EXPECT_FALSE(same_bits(a, Array({2}, std::vector<float>{1, 0})));
  EXPECT_FALSE(same_bits(a, Array({2, 1}, std::vector<float>{1, -0.0F})));
  EXPECT_FALSE(same_bits(a, Array({2}, std::vector<double>{1, -0.0})));
  EXPECT_TRUE(same_bits(Array({0}, std::vector<float>()), Array({0}, std::vector<float>())));
}

}  // namespace
}  // namespace nescio
