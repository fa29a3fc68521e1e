#include "math/leading_directions.h"

#include <gtest/gtest.h>

#include <cmath>

#include "math/every_target.h"

namespace nescio::math {
namespace {

double product(const LeadingDirections& q, std::size_t i, std::size_t j) {
  double sum = 0;
  for (std::size_t r = 0; r < q.width; ++r) {
    sum += static_cast<double>(q.matrix[r * q.count + i]) * q.matrix[r * q.count + j];
  }
  return sum;
}

/// Rows whose numbers are as long as `scales` says, turned by a reflection.
Rows turned_rows(const std::vector<double>& scales, std::size_t rows) {
  const std::size_t width = scales.size();
  auto draw = normal(1);
  std::vector<double> axis(width), own(width);
  double length = 0;
  for (double& v : axis) {
    v = draw();
    length += v * v;
  }
  std::size_t at = width;
  return {rows, width, width, [&] {
            if (at == width) {
              double along = 0;
              for (std::size_t c = 0; c < width; ++c) {
                own[c] = scales[c] * draw();
                along += axis[c] * own[c];
              }
              for (std::size_t c = 0; c < width; ++c) own[c] -= 2 * axis[c] * along / length;
              at = 0;
            }
            return static_cast<float>(own[at++]);
          }};
}

TEST(LeadingDirections, AreOrthonormalAndHoldWhatIsLong) {
  std::vector<double> scales(40, 0.01);
  for (std::size_t c = 0; c < 5; ++c) scales[c] = 5.0 - static_cast<double>(c);
  const Rows rows = turned_rows(scales, 400);
  const LeadingDirections found = leading_directions(rows.data(), 400, 40, 8);
  ASSERT_EQ(found.count, 8U);
  EXPECT_LT(found.skew, 1e-5);
  for (std::size_t i = 0; i < 8; ++i) {
    for (std::size_t j = 0; j < 8; ++j) EXPECT_NEAR(product(found, i, j), i == j, found.skew);
  }
  const LeadingDirections five = found.first(5);
  std::vector<float> projected(400 * 5);
  five.project(rows.data(), 400, 40, projected.data());
  double all = 0, held = 0;
  for (const float v : rows.values) all += static_cast<double>(v) * v;
  for (const float v : projected) held += static_cast<double>(v) * v;
  EXPECT_GT(held, 0.9999 * all);
}

TEST(LeadingDirections, AreAsManyAsTheRowsSpan) {
  std::vector<double> scales(30, 0);
  scales[0] = scales[1] = scales[2] = 1;
  const Rows rows = turned_rows(scales, 100);
  const LeadingDirections found = leading_directions(rows.data(), 100, 30, 10);
  EXPECT_GE(found.count, 3U);
  EXPECT_LE(found.count, 4U);  // one of the rounding, perhaps
  EXPECT_EQ(leading_directions(Rows(9, 4, 4, [] { return 0.0f; }).data(), 9, 4, 2).count, 0U);
  EXPECT_EQ(leading_directions(Rows(9, 4, 4, [] { return NAN; }).data(), 9, 4, 2).count, 0U);
  for (const float scale : {1e-37f, 1e37f}) {
    const Rows extreme(60, 6, 6, normal(2, scale));
    const LeadingDirections of = leading_directions(extreme.data(), 60, 6, 3);
    EXPECT_EQ(of.count, 3U);
    EXPECT_LT(of.skew, 1e-5);
  }
}

TEST(LeadingDirections, SayHowFarProjectionsAreOff) {
  const Rows rows(200, 64, 64, normal(3));
  const LeadingDirections found = leading_directions(rows.data(), 200, 64, 16);
  std::vector<float> projected(200 * 16);
  found.project(rows.data(), 200, 64, projected.data());
  for (std::size_t r = 0; r < 200; ++r) {
    double off = 0, length = 0;
    for (std::size_t i = 0; i < 16; ++i) {
      double sum = 0;
      for (std::size_t c = 0; c < 64; ++c) {
        sum += static_cast<double>(rows.row(r)[c]) * found.matrix[c * 16 + i];
      }
      off += (projected[r * 16 + i] - sum) * (projected[r * 16 + i] - sum);
    }
    for (std::size_t c = 0; c < 64; ++c)
      length += static_cast<double>(rows.row(r)[c]) * rows.row(r)[c];
    EXPECT_LE(std::sqrt(off), found.relative_error() * std::sqrt(length) + found.absolute_error());
  }
}

}  // namespace
}  // namespace nescio::math
