#include "math/column_bands.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "math/gemm.h"

namespace nescio::math {
namespace {

enum class Kind { upper, lower, in_the_middle, a_zero_panel, dense };

std::vector<float> matrix(std::size_t k, std::size_t n, Kind kind) {
  std::mt19937 random(static_cast<std::uint32_t>(k * 31 + n));
  std::normal_distribution<float> normal;
  std::vector<float> b(k * n);
  for (std::size_t r = 0; r < k; ++r) {
    for (std::size_t c = 0; c < n; ++c) {
      const bool zero = (kind == Kind::upper && r > c) || (kind == Kind::lower && r < c) ||
                        (kind == Kind::in_the_middle && (r < k / 3 || r > k / 2)) ||
                        (kind == Kind::a_zero_panel && c >= 64 && c < 128);
      const float value = normal(random);
      if (!zero) b[r * n + c] = value;
    }
  }
  return b;
}

TEST(ColumnBands, ProductsAreThoseOfTheWholeMatrix) {
  for (const Kind kind : {Kind::upper, Kind::lower, Kind::in_the_middle, Kind::a_zero_panel}) {
    for (const auto& [m, k, n] : {std::tuple<std::size_t, std::size_t, std::size_t>{1, 130, 130},
                                  {300, 200, 200},
                                  {3, 257, 190}}) {
      const auto b = matrix(k, n, kind);
      const auto bands = column_bands(b.data(), k, n);
      ASSERT_FALSE(bands.empty());
      const auto a = matrix(m, k + 2, Kind::dense);
      // All columns, and some that begin and end within a panel.
      for (const auto& [first, wanted] :
           {std::pair<std::size_t, std::size_t>{0, n}, {70, 100}, {5, 3}}) {
        const std::size_t count = std::min(wanted, n - first);
        std::vector<float> expected(m * count), found(m * (count + 1), 7.0f);
        gemm(false, m, count, k, 1, a.data(), k + 2, b.data() + first, n, 0, expected.data(),
             count);
        multiply_bands(bands, m, a.data(), k + 2, b.data(), n, first, count, found.data(),
                       count + 1);
        for (std::size_t r = 0; r < m; ++r) {
          for (std::size_t c = 0; c < count; ++c) {
            ASSERT_NEAR(found[r * (count + 1) + c], expected[r * count + c], 1e-4) << r << " " << c;
          }
          ASSERT_EQ(found[r * (count + 1) + count], 7.0f);
        }
      }
    }
  }
}

TEST(ColumnBands, HalfOfATriangleIsMultiplied) {
  const auto b = matrix(512, 512, Kind::upper);
  std::size_t entries = 0, columns = 0;
  for (const ColumnBand& band : column_bands(b.data(), 512, 512)) {
    entries += band.columns * band.rows;
    EXPECT_EQ(band.first_column, columns);
    columns += band.columns;
  }
  EXPECT_EQ(columns, 512u);
  EXPECT_LT(static_cast<double>(entries), 0.57 * 512 * 512);
}

TEST(ColumnBands, AreNotMadeWhereTheyDoNotPay) {
  EXPECT_TRUE(column_bands(matrix(512, 512, Kind::dense).data(), 512, 512).empty());
  EXPECT_TRUE(column_bands(matrix(40, 40, Kind::upper).data(), 40, 40).empty());
  EXPECT_TRUE(column_bands(nullptr, 0, 0).empty());
}

// A NaN is an entry, not a zero.
TEST(ColumnBands, KeepWhatIsNotFinite) {
  std::vector<float> b(256 * 64);
  b[130 * 64 + 3] = std::numeric_limits<float>::quiet_NaN();
  const auto bands = column_bands(b.data(), 256, 64);
  ASSERT_EQ(bands.size(), 1u);
  EXPECT_EQ(bands[0].first_row, 130u);
  EXPECT_EQ(bands[0].rows, 1u);
}

}  // namespace
}  // namespace nescio::math
