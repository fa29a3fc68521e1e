#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "math/every_target.h"
#include "math/row_kernels.h"
#include "math/test_values.h"

namespace nescio::math {
namespace {

class SoftmaxTest : public EveryTarget {};

double log_sum(std::vector<double> x) {
  if (x.empty()) return -kInf;
  const double peak = *std::max_element(x.begin(), x.end());
  if (std::isinf(peak)) return peak;
  double sum = 0;
  for (const double v : x) sum += std::exp(v - peak);
  return peak + std::log(sum);
}

void check_softmax(const Rows& x) {
  std::vector<float> p(x.rows * x.width + 1, 123), logp = p, rest(x.rows * 2 + 1, 123);
  softmax(x.data(), x.stride, x.rows, x.width, p.data());
  log_softmax(x.data(), x.stride, x.rows, x.width, logp.data());
  logsumexp_rest(x.data(), x.stride, x.rows, x.width, rest.data(), 2);
  for (std::size_t r = 0; r < x.rows; ++r) {
    std::vector<double> row(x.row(r), x.row(r) + x.width);
    const double all = log_sum(row);
    for (std::size_t c = 0; c < x.width; ++c) {
      ASSERT_NEAR(p[r * x.width + c], std::exp(row[c] - all), 1e-6);
      ASSERT_NEAR(logp[r * x.width + c], row[c] - all, 1e-6 * (1 + std::abs(row[c] - all)));
    }
    row.erase(std::max_element(row.begin(), row.end()));
    const double expected = log_sum(row);
    if (x.width == 1) {
      ASSERT_EQ(rest[2 * r], -kInf);
    } else {
      ASSERT_NEAR(rest[2 * r], expected, 1e-6 * (1 + std::abs(expected)))
          << x.rows << " x " << x.width;
    }
    ASSERT_EQ(rest[2 * r + 1], 123);
  }
  ASSERT_EQ(p.back(), 123);
  ASSERT_EQ(logp.back(), 123);
}

TEST_P(SoftmaxTest, EqualsPlainLoops) {
  for (const std::size_t width : widths()) {
    for (const std::size_t rows : {0u, 1u, 3u, 4u, 5u, 67u}) {
      check_softmax(Rows(rows, width, width, normal(1, 3)));
      check_softmax(Rows(rows, width, width + 3, normal(2, 1e4f)));
      check_softmax(Rows(rows, width, width, whole(3, 2)));  // the maximum occurs several times
      check_softmax(Rows(rows, width, width, [] { return 5.0f; }));
    }
  }
}

TEST_P(SoftmaxTest, ARowDependsOnItselfAlone) {
  for (const std::size_t width : widths()) {
    const std::size_t rows = 70;
    const Rows x(rows, width, width + 1, normal(5, 10));
    std::vector<float> p(rows * width), logp(rows * width), rest(rows);
    softmax(x.data(), x.stride, rows, width, p.data());
    log_softmax(x.data(), x.stride, rows, width, logp.data());
    logsumexp_rest(x.data(), x.stride, rows, width, rest.data(), 1);
    for (std::size_t r = 0; r < rows; ++r) {
      std::vector<float> p1(width), logp1(width);
      float rest1 = 0;
      softmax(x.row(r), width, 1, width, p1.data());
      log_softmax(x.row(r), width, 1, width, logp1.data());
      logsumexp_rest(x.row(r), width, 1, width, &rest1, 1);
      ASSERT_EQ(rest1, rest[r]);
      ASSERT_TRUE(std::equal(p1.begin(), p1.end(), &p[r * width]));
      ASSERT_TRUE(std::equal(logp1.begin(), logp1.end(), &logp[r * width]));
    }
  }
}

TEST_P(SoftmaxTest, InfinitiesAndNaN) {
  for (const std::size_t width : {2u, 7u, 16u, 33u}) {
    std::vector<float> x(width, 1.0f), y(width);
    x[1] = -kInf;
    softmax(x.data(), width, 1, width, y.data());
    EXPECT_EQ(y[1], 0);
    EXPECT_NEAR(y[0], 1.0 / static_cast<double>(width - 1), 1e-6);
    log_softmax(x.data(), width, 1, width, y.data());
    EXPECT_EQ(y[1], -kInf);
    float rest = 0;
    std::vector<float> one(width, -kInf);
    one[width - 1] = 3;
    logsumexp_rest(one.data(), width, 1, width, &rest, 1);
    EXPECT_EQ(rest, -kInf);
    one[0] = kInf;
    logsumexp_rest(one.data(), width, 1, width, &rest, 1);
    EXPECT_EQ(rest, 3);
    one[width - 1] = kInf;
    logsumexp_rest(one.data(), width, 1, width, &rest, 1);
    EXPECT_EQ(rest, kInf);
    for (const float peak : {kInf, -kInf}) {
      std::vector<float> row(width, -kInf);
      row[width - 1] = peak;
      softmax(row.data(), width, 1, width, y.data());
      for (const float v : y) EXPECT_TRUE(std::isnan(v));
      log_softmax(row.data(), width, 1, width, y.data());
      for (const float v : y) EXPECT_TRUE(std::isnan(v));
    }
    x[width / 2] = kNaN;
    logsumexp_rest(x.data(), width, 1, width, &rest, 1);
    EXPECT_TRUE(std::isnan(rest));
    softmax(x.data(), width, 1, width, y.data());
    for (const float v : y) EXPECT_TRUE(std::isnan(v));
    log_softmax(x.data(), width, 1, width, y.data());
    for (const float v : y) EXPECT_TRUE(std::isnan(v));
  }
}

TEST_P(SoftmaxTest, TheRestIsFoundWhereItIsLostInTheSum) {
  // 1 - p would be 0 in floats from a distance of 17 on.
  const std::vector<float> x = {1000, 0, 0};
  float rest = 0;
  logsumexp_rest(x.data(), 3, 1, 3, &rest, 1);
  EXPECT_FLOAT_EQ(rest, std::log(2.0f));
}

INSTANTIATE_TEST_SUITE_P(All, SoftmaxTest, testing::ValuesIn(targets_here()), target_name);

}  // namespace
}  // namespace nescio::math
