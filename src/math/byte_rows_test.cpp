#include "math/byte_rows.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"

namespace nescio::math {
namespace {

// Each kernel, at all counts of points and groups that its blocks leave, rows that do not fill groups included.
TEST(ByteRows, AreMultipliedExactlyByEveryKernel) {
  std::mt19937 random(1);
  for (const std::size_t width : {1u, 5u, 64u, 77u, 96u, 130u, 512u, 65536u}) {
    const std::size_t most_rows = width > 1000 ? 40 : 90;
    ByteRows table(most_rows, width);
    std::vector<std::int8_t> rows(most_rows * width);
    // 127 * 127 twice is what fits in 16 bits.
    for (auto& v : rows) {
      v = static_cast<std::int8_t>(random() % 3 == 0 ? -127
                                                     : static_cast<int>(random() % 255) - 127);
    }
    for (std::size_t r = 0; r < most_rows; ++r) table.set(r, &rows[r * width]);
    const std::size_t apart = table.point_width();
    ASSERT_GE(apart, width);
    for (const std::size_t count : {1u, 2u, 7u, 12u, 32u, 45u}) {
      if (width > 1000 && count != 1 && count != 32) continue;
      for (const std::size_t first : {0u, 16u, 32u}) {
        for (const std::size_t some : {std::size_t{1}, most_rows - first}) {
          const std::size_t stride = (some + 15) / 16 * 16 + 16;
          for (const ByteKernel& kernel : byte_kernels()) {
            std::vector<std::uint8_t> points(count * apart);
            for (std::size_t i = 0; i < points.size(); ++i) {
              if (i % apart >= width) continue;
              points[i] = random() % 3 == 0
                              ? kernel.most
                              : static_cast<std::uint8_t>(random() % (kernel.most + 1U));
            }
            std::vector<std::int32_t> products(count * stride, -1);
            table.multiply(points.data(), count, first, some, products.data(), stride, kernel);
            for (std::size_t p = 0; p < count; ++p) {
              for (std::size_t r = 0; r < some; ++r) {
                std::int32_t sum = 0;
                for (std::size_t c = 0; c < width; ++c) {
                  sum += points[p * apart + c] * rows[(first + r) * width + c];
                }
                ASSERT_EQ(products[p * stride + r], sum)
                    << kernel.name << ": " << count << " points, " << some << " rows of " << width;
              }
              for (std::size_t r = stride - 16; r < stride; ++r) {
                ASSERT_EQ(products[p * stride + r], -1) << kernel.name;
              }
            }
          }
        }
      }
    }
  }
}

TEST(ByteRows, SayWhatIsTooWide) { EXPECT_THROW(ByteRows(1, 65537), Error); }

TEST(ByteRows, HaveAKernelEverywhere) { EXPECT_STREQ(byte_kernels().back().name, "plain"); }

}  // namespace
}  // namespace nescio::math
