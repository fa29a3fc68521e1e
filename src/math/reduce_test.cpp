#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "math/every_target.h"
#include "math/row_kernels.h"
#include "math/test_values.h"

namespace nescio::math {
namespace {

double exact_logsumexp(const float* x, std::size_t width) {
  const double peak = *std::max_element(x, x + width);
  if (std::isinf(peak)) return peak;
  double sum = 0;
  for (std::size_t c = 0; c < width; ++c) sum += std::exp(x[c] - peak);
  return peak + std::log(sum);
}

/// The reduction in double precision, and the size of the numbers that were added (for the
/// tolerance).
double exact(Reduction op, const float* x, std::size_t width, double& scale) {
  double sum = 0, size = 0, squares = 0;
  for (std::size_t c = 0; c < width; ++c) {
    sum += x[c];
    size += std::abs(x[c]);
    squares += static_cast<double>(x[c]) * x[c];
  }
  scale = size;
  switch (op) {
    case Reduction::sum: return sum;
    case Reduction::mean:
      scale /= static_cast<double>(width);
      return sum / static_cast<double>(width);
    case Reduction::max: scale = 0; return *std::max_element(x, x + width);
    case Reduction::min: scale = 0; return *std::min_element(x, x + width);
    case Reduction::l1_norm: return size;
    case Reduction::l2_norm: scale = std::sqrt(squares); return scale;
    case Reduction::sum_of_squares: return scale = squares;
    case Reduction::logsumexp: {
      const double result = exact_logsumexp(x, width);
      scale = 1 + std::abs(result);
      return result;
    }
  }
  return 0;
}

constexpr Reduction kAll[] = {Reduction::sum,
                              Reduction::mean,
                              Reduction::max,
                              Reduction::min,
                              Reduction::l1_norm,
                              Reduction::l2_norm,
                              Reduction::sum_of_squares,
                              Reduction::logsumexp};

class ReduceTest : public EveryTarget {};

void check_rows(const Rows& x) {
  for (const Reduction op : kAll) {
    for (const std::size_t y_stride : {1u, 3u}) {
      std::vector<float> y(x.rows * y_stride + 1, 123);
      reduce(op, x.data(), x.stride, x.rows, x.width, y.data(), y_stride);
      for (std::size_t r = 0; r < x.rows; ++r) {
        double scale = 0;
        const double expected = exact(op, x.row(r), x.width, scale);
        ASSERT_NEAR(y[r * y_stride], expected, 3e-6 * scale)
            << "operation " << static_cast<int>(op) << ", " << x.rows << " x " << x.width;
        for (std::size_t i = 1; i < y_stride; ++i) ASSERT_EQ(y[r * y_stride + i], 123);
      }
      ASSERT_EQ(y.back(), 123);
    }
  }
}

TEST_P(ReduceTest, EqualsPlainLoops) {
  for (const std::size_t width : widths()) {
    for (const std::size_t rows : {0u, 1u, 2u, 3u, 4u, 5u, 67u}) {
      check_rows(Rows(rows, width, width, normal(1)));
      check_rows(Rows(rows, width, width + 3, normal(2, 1e4f)));
      check_rows(Rows(rows, width, width, whole(3, 2)));
    }
  }
  check_rows(Rows(3, 2048, 2048, normal(4)));
}

TEST_P(ReduceTest, ARowDependsOnItselfAlone) {
  for (const std::size_t width : widths()) {
    const Rows x(70, width, width + 1, normal(5, 10));
    for (const Reduction op : kAll) {
      std::vector<float> together(70);
      reduce(op, x.data(), x.stride, 70, width, together.data(), 1);
      for (std::size_t r = 0; r < 70; ++r) {
        // Alone, and at another alignment.
        std::vector<float> copy(width + 1);
        std::copy_n(x.row(r), width, copy.begin() + static_cast<std::ptrdiff_t>(r % 2));
        float alone = 0;
        reduce(op, copy.data() + r % 2, width, 1, width, &alone, 1);
        ASSERT_EQ(alone, together[r]) << static_cast<int>(op) << " row " << r << " width " << width;
      }
    }
  }
}

float reduced(Reduction op, std::vector<float> x) {
  float y = 0;
  reduce(op, x.data(), x.size(), 1, x.size(), &y, 1);
  return y;
}

TEST_P(ReduceTest, InfinitiesAndNaN) {
  for (const std::size_t width : {1u, 2u, 7u, 16u, 19u, 40u}) {
    EXPECT_EQ(reduced(Reduction::logsumexp, std::vector<float>(width, -kInf)), -kInf);
    for (std::size_t at = 0; at < width; ++at) {
      std::vector<float> x(width, 1.0f);
      x[at] = kInf;
      EXPECT_EQ(reduced(Reduction::logsumexp, x), kInf);
      EXPECT_EQ(reduced(Reduction::max, x), kInf);
      EXPECT_EQ(reduced(Reduction::sum, x), kInf);
      x[at] = -kInf;
      EXPECT_EQ(reduced(Reduction::min, x), -kInf);
      if (width > 1) {
        EXPECT_NEAR(reduced(Reduction::logsumexp, x), 1 + std::log(static_cast<double>(width - 1)),
                    1e-6);
      }
      x[at] = kNaN;
      for (const Reduction op : kAll)
        EXPECT_TRUE(std::isnan(reduced(op, x))) << static_cast<int>(op);
      x[(at + 1) % width] = kInf;
      if (width > 1) {
        EXPECT_TRUE(std::isnan(reduced(Reduction::max, x)));
      }
    }
  }
}

TEST_P(ReduceTest, LargeAndSmallNormsStayInRange) {
  EXPECT_FLOAT_EQ(reduced(Reduction::l2_norm, std::vector<float>(100, 1e30f)), 1e31f);
  EXPECT_FLOAT_EQ(reduced(Reduction::l2_norm, std::vector<float>(100, 1e-30f)), 1e-29f);
  EXPECT_EQ(reduced(Reduction::l2_norm, std::vector<float>(100, 0.0f)), 0);
  EXPECT_EQ(reduced(Reduction::l2_norm, {3, kInf}), kInf);
}

TEST_P(ReduceTest, LogSumExpKeepsSharedOffsets) {
  for (const float offset : {0.0f, 1e4f, -1e4f}) {
    EXPECT_NEAR(reduced(Reduction::logsumexp, std::vector<float>(10, offset)),
                offset + std::log(10.0), 1e-3);
  }
  EXPECT_EQ(reduced(Reduction::logsumexp, {1e4f, -1e4f, 0}), 1e4f);
}

TEST_P(ReduceTest, ArgmaxIsTheFirstOfTheLargest) {
  for (const std::size_t width : widths()) {
    for (const std::size_t rows : {0u, 1u, 5u, 66u}) {
      const Rows x(rows, width, width + 2, whole(7, 3));
      std::vector<float> y(rows);
      argmax(x.data(), x.stride, rows, width, y.data(), 1);
      for (std::size_t r = 0; r < rows; ++r) {
        ASSERT_EQ(y[r],
                  static_cast<float>(std::max_element(x.row(r), x.row(r) + width) - x.row(r)));
      }
    }
  }
  const std::vector<float> lowest(20, -kInf);
  float y = 9;
  argmax(lowest.data(), 20, 1, 20, &y, 1);
  EXPECT_EQ(y, 0);
  std::vector<float> with_nan(20, 1.0f);
  with_nan[11] = with_nan[13] = kNaN;
  argmax(with_nan.data(), 20, 1, 20, &y, 1);
  EXPECT_EQ(y, 11);
}

TEST_P(ReduceTest, AllFiniteFindsTheOneBadValue) {
  EXPECT_TRUE(all_finite(nullptr, 0));
  for (const std::size_t count : {1u, 3u, 16u, 17u, 64u, 100u, 257u}) {
    std::vector<float> x(count, 3e38f);
    EXPECT_TRUE(all_finite(x.data(), count));
    for (std::size_t i = 0; i < count; ++i) {
      for (const float bad : {kNaN, kInf, -kInf}) {
        x[i] = bad;
        ASSERT_FALSE(all_finite(x.data(), count)) << i << " of " << count;
      }
      x[i] = -3e38f;
    }
  }
}

TEST(SimdTarget, HasAName) { EXPECT_STRNE(simd_target(), ""); }

INSTANTIATE_TEST_SUITE_P(All, ReduceTest, testing::ValuesIn(targets_here()), target_name);

}  // namespace
}  // namespace nescio::math
