#include "math/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "base/error.h"
#include "base/threads.h"
#include "math/every_target.h"

namespace nescio::math {
namespace {

std::vector<float> random_floats(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

struct Shape {
  bool transpose_b;
  std::size_t m, n, k;
  float alpha, beta;
};

class GemmShapes : public testing::TestWithParam<Shape> {};

TEST_P(GemmShapes, EqualsPlainLoopsAndKeepsWhatLiesBetweenRows) {
  const auto [transpose_b, m, n, k, alpha, beta] = GetParam();
  const std::size_t lda = k + 3, ldb = (transpose_b ? k : n) + 2, ldc = n + 5;
  const auto a = random_floats(m * lda, 1);
  const auto b = random_floats((transpose_b ? n : k) * ldb, 2);
  const auto before = random_floats(m * ldc, 3);
  auto c = before;
  gemm(transpose_b, m, n, k, alpha, a.data(), lda, b.data(), ldb, beta, c.data(), ldc);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double sum = 0;
      for (std::size_t l = 0; l < k; ++l) {
        sum +=
            static_cast<double>(a[i * lda + l]) * (transpose_b ? b[j * ldb + l] : b[l * ldb + j]);
      }
      const double expected = alpha * sum + beta * before[i * ldc + j];
      ASSERT_NEAR(c[i * ldc + j], expected, 1e-5 * std::sqrt(static_cast<double>(k + 1)) * 5);
    }
    for (std::size_t j = n; j < ldc; ++j) ASSERT_EQ(c[i * ldc + j], before[i * ldc + j]);
  }
}

INSTANTIATE_TEST_SUITE_P(All, GemmShapes,
                         testing::Values(Shape{false, 1, 1, 1, 1, 0}, Shape{true, 1, 1, 1, 1, 0},
                                         Shape{false, 7, 5, 3, 1, 0}, Shape{true, 7, 5, 3, 1, 0},
                                         Shape{false, 64, 10, 100, -2, 0.5f},
                                         Shape{true, 64, 10, 100, -2, 0.5f},
                                         Shape{true, 33, 129, 65, 1, 1},
                                         Shape{false, 33, 129, 65, 1, 1},
                                         Shape{false, 4, 6, 0, 1, 0.5f}, Shape{true, 0, 6, 3, 1, 0},
                                         Shape{true, 6, 0, 3, 1, 0}));

TEST(Gemm, OverwritesNaNWhereBetaIsZero) {
  const float a = 2, b = 3;
  float c = std::numeric_limits<float>::quiet_NaN();
  gemm(false, 1, 1, 1, 1, &a, 1, &b, 1, 0, &c, 1);
  EXPECT_EQ(c, 6);
  c = std::numeric_limits<float>::quiet_NaN();
  gemm(false, 1, 1, 0, 1, &a, 1, &b, 1, 0, &c, 1);
  EXPECT_EQ(c, 0);
}

TEST(Gemm, RefusesOverlappingRows) {
  std::vector<float> a(16), b(16), c(16);
  EXPECT_THROW(gemm(false, 4, 4, 4, 1, a.data(), 2, b.data(), 4, 0, c.data(), 4), Error);
}

TEST(Gemm, GivesTheSameBitsInsideParallelLoopsForAnyNumberOfThreads) {
  const std::size_t m = 96, n = 200, k = 130;
  const auto a = random_floats(m * k, 1);
  const auto b = random_floats(n * k, 2);
  const int threads_before = thread_count();
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 4}) {
    set_thread_count(threads);
    std::vector<std::vector<float>> copies(4, std::vector<float>(m * n));
    parallel_for(copies.size(), [&](std::size_t i) {
      gemm(true, m, n, k, 1, a.data(), k, b.data(), k, 0, copies[i].data(), n);
    });
    for (auto& copy : copies) results.push_back(std::move(copy));
  }
  set_thread_count(threads_before);
  for (const auto& result : results) EXPECT_EQ(result, results.front());
}

}  // namespace
}  // namespace nescio::math
