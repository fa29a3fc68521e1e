#include "io/bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace nescio::io {
namespace {

using ::testing::ElementsAre;

SharedBytes numbers(std::size_t count) {
  std::vector<std::uint8_t> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<std::uint8_t>(i);
  return SharedBytes(std::move(values));
}

TEST(Bytes, AlignedBytesAreSharedOthersCopied) {
  const SharedBytes bytes = numbers(17);
  EXPECT_EQ(array_from_bytes(DType::int32, {4}, bytes.part(0, 16)).data(), bytes.data());
  const Array copied = array_from_bytes(DType::int32, {4}, bytes.part(1, 16));
  EXPECT_NE(copied.data(), bytes.data() + 1);
  EXPECT_EQ(copied.as<std::int32_t>()[0], 0x04030201);
}

TEST(Bytes, NothingNeedsNoAlignment) {
  EXPECT_EQ(array_from_bytes(DType::float64, {0, 3}, numbers(3).part(1, 0)).shape(), (Shape{0, 3}));
}

TEST(Bytes, ArrayKeepsTheMemoryAlive) {
  Array array;
  { array = array_from_bytes(DType::uint8, {3}, numbers(3)); }
  EXPECT_THAT(array.as<std::uint8_t>(), ElementsAre(0, 1, 2));
}

TEST(Bytes, WrongNumberOfBytesIsRefused) {
  EXPECT_THROW(array_from_bytes(DType::int32, {4}, numbers(15)), Error);
  EXPECT_THROW(array_from_big_endian(DType::int32, {4}, numbers(17)), Error);
}

TEST(Bytes, BigEndianIsSwapped) {
  const Array array = array_from_big_endian(DType::int32, {2}, numbers(8));
  EXPECT_THAT(array.as<std::int32_t>(), ElementsAre(0x00010203, 0x04050607));
}

TEST(Bytes, StridedElementsAreGathered) {
  const SharedBytes bytes = numbers(6);
  EXPECT_THAT(array_from_strided(DType::uint8, {3, 2}, {1, 3}, bytes).as<std::uint8_t>(),
              ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(array_from_strided(DType::uint8, {2, 2}, {0, 5}, bytes).as<std::uint8_t>(),
              ElementsAre(0, 5, 0, 5));
  EXPECT_EQ(array_from_strided(DType::uint8, {0, 7}, {100, 100}, bytes).size(), 0u);
}

TEST(Bytes, StridesBeyondTheBytesAreRefused) {
  const SharedBytes bytes = numbers(6);
  EXPECT_THROW(array_from_strided(DType::uint8, {3, 2}, {2, 2}, bytes), Error);
  EXPECT_THROW(array_from_strided(DType::uint8, {2, 2}, {std::size_t{1} << 63, 1}, bytes), Error);
  EXPECT_THROW(array_from_strided(DType::uint8, {3, 3}, {std::size_t{1} << 62, 1}, bytes), Error);
  EXPECT_THROW(array_from_strided(DType::uint8, {2}, {1, 1}, bytes), Error);
}

}  // namespace
}  // namespace nescio::io
