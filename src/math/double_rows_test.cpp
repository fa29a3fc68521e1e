#include "math/double_rows.h"

#include <gtest/gtest.h>

#include <cmath>

#include "math/every_target.h"

namespace nescio::math {
namespace {

class DoubleRowsTest : public EveryTarget {};
INSTANTIATE_TEST_SUITE_P(Targets, DoubleRowsTest, testing::ValuesIn(targets_here()), target_name);

/// Behind the values one more, to see whether it is touched.
std::vector<double> random_doubles(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(count + 1);
  for (double& v : values) v = normal(random);
  return values;
}

TEST_P(DoubleRowsTest, WidensAddsAndSubtractsEveryValueAndNoOther) {
  for (const std::size_t count : widths()) {
    const std::vector<double> x = random_doubles(count, 1), y = random_doubles(count, 2);
    std::vector<double> sum = y, difference = y, wide = y;
    const std::vector<float> narrow(x.begin(), x.end());
    add(x.data(), sum.data(), count);
    subtract(x.data(), difference.data(), count);
    widen(narrow.data(), wide.data(), count);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(sum[i], y[i] + x[i]);
      ASSERT_EQ(difference[i], y[i] - x[i]);
      ASSERT_EQ(wide[i], narrow[i]);
    }
    ASSERT_EQ(sum[count], y[count]);
    ASSERT_EQ(difference[count], y[count]);
    ASSERT_EQ(wide[count], y[count]);
  }
}

TEST_P(DoubleRowsTest, FindsWhatIsNotFiniteAnywhere) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(all_finite(static_cast<const double*>(nullptr), 0));
  for (const std::size_t count : widths()) {
    std::vector<double> x = random_doubles(count, 3);
    x[count] = inf;
    x[0] = std::numeric_limits<double>::max();
    EXPECT_TRUE(all_finite(x.data(), count));
    for (std::size_t i = 0; i < count; ++i) {
      for (const double bad : {inf, -inf, std::numeric_limits<double>::quiet_NaN()}) {
        const double kept = std::exchange(x[i], bad);
        ASSERT_FALSE(all_finite(x.data(), count)) << i << " of " << count;
        x[i] = kept;
      }
    }
  }
}

// Added up row by row whatever is done together: the sums are those of a plain loop, bit by bit.
TEST_P(DoubleRowsTest, AddsColumnsInTheOrderOfTheRows) {
  for (const std::size_t width : widths()) {
    for (const std::size_t rows : {0u, 1u, 7u, 8u, 21u}) {
      const std::vector<double> x = random_doubles(rows * width, 4);
      std::vector<double> sums = random_doubles(width, 5), squares(width + 1, 0.5);
      std::vector<double> plain = sums;
      add_columns(x.data(), rows, width, sums.data(), squares.data());
      for (std::size_t c = 0; c < width; ++c) {
        double square = 0.5;
        for (std::size_t r = 0; r < rows; ++r) {
          plain[c] += x[r * width + c];
          square += x[r * width + c] * x[r * width + c];
        }
        ASSERT_EQ(sums[c], plain[c]);
        ASSERT_NEAR(squares[c], square, 1e-14 * square);  // fused or not
      }
      ASSERT_EQ(sums[width], plain[width]);
      ASSERT_EQ(squares[width], 0.5);
    }
  }
}

TEST_P(DoubleRowsTest, ExponentialsAreThoseOfTheLibraryFarDown) {
  for (const std::size_t count : widths()) {
    std::vector<double> x = random_doubles(count, 6), found = x;
    for (std::size_t i = 0; i < count; ++i) found[i] = x[i] *= 40.0 * static_cast<double>(i);
    const double top = *std::max_element(x.begin(), x.end() - 1);
    const double sum = exp_terms(found.data(), count, top);
    double expected = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const double e = std::exp(x[i] - top);
      expected += e;
      ASSERT_NEAR(found[i], e, 4e-16 * e + 1e-323) << x[i] - top;
    }
    ASSERT_NEAR(sum, expected, 1e-14 * expected);
    ASSERT_EQ(found[count], x[count]);
  }
}

}  // namespace
}  // namespace nescio::math
