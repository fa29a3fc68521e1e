#include "math/distance_bounds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "math/every_target.h"

namespace nescio::math {
namespace {

class DistanceBoundsTest : public EveryTarget {};

/// Sums of exact relative distances, in double, and what the bounds leave at a limit.
struct Searched {
  DistanceTable table;
  DistanceBounds bounds;
  DistanceBounds::Points points;
  Rows x;
  std::vector<float> moved;

  Searched(const Rows& rows, const Rows& x_, std::optional<LeadingDirections> directions = {},
           const ByteKernel& kernel = byte_kernels().front())
      : table(Array({rows.rows, rows.width}, std::vector(rows.values)), rows.rows, rows.width),
        bounds(table, std::move(directions), kernel),
        points(bounds, x_.rows),
        x(x_),
        moved(x.rows * x.width) {
    bounds.encode(about_mean(), x.rows, points);
  }
  MatrixView about_mean() {
    return table.about_mean({x.data(), x.rows, x.width, x.stride}, moved.data());
  }
  double relative(std::size_t point, std::size_t row) const {
    return table.exact(x.row(point), row) - table.exact_to_mean(x.row(point));
  }
  std::vector<std::int32_t> possible(std::size_t point, float sign, double limit, std::size_t first,
                                     std::size_t rows) {
    const std::size_t stride = (rows + ByteRows::group - 1) / ByteRows::group * ByteRows::group;
    std::vector<std::int32_t> products(x.rows * stride), found(rows);
    bounds.multiply(points, 0, x.rows, first, rows, products.data(), stride);
    const auto begin = table.lengths().begin() + static_cast<std::ptrdiff_t>(first);
    const float longest = *std::max_element(begin, begin + static_cast<std::ptrdiff_t>(rows));
    const double error = table.error(std::sqrt(table.exact_to_mean(x.row(point))), longest);
    found.resize(bounds.possible_rows(points, point, sign, limit, error, first, rows,
                                      &products[point * stride], found.data()));
    return found;
  }
};

/// No row within a limit is ruled out, at limits just at the distances themselves. Returns the share
/// of rows that is left at the 1 % limit.
double check_bounds(const Rows& rows, const Rows& x,
                    std::optional<LeadingDirections> directions = {},
                    const ByteKernel& kernel = byte_kernels().front()) {
  Searched s(rows, x, std::move(directions), kernel);
  const std::size_t first = 16, count = rows.rows - 19;
  double left = 0;
  for (std::size_t p = 0; p < x.rows; ++p) {
    for (const float sign : {1.0f, -1.0f}) {
      std::vector<double> distances(count);
      for (std::size_t i = 0; i < count; ++i) distances[i] = sign * s.relative(p, first + i);
      std::vector<double> sorted = distances;
      std::ranges::sort(sorted);
      for (const std::size_t rank : {std::size_t{0}, count / 100, count / 2}) {
        const double limit = sorted[rank];
        const auto found = s.possible(p, sign, limit, first, count);
        EXPECT_TRUE(std::ranges::is_sorted(found));
        for (std::size_t i = 0; i < count; ++i) {
          if (distances[i] > limit) continue;
          EXPECT_TRUE(std::ranges::binary_search(found, static_cast<std::int32_t>(i)))
              << "row " << i << " at " << distances[i] << ", limit " << limit;
        }
        if (rank == count / 100) left += static_cast<double>(found.size());
      }
    }
  }
  return left / static_cast<double>(2 * x.rows * count);
}

TEST_P(DistanceBoundsTest, RuleOutNoRowWithinTheLimit) {
  for (const std::size_t width : widths()) {
    const Rows x(5, width, width + 3, normal(1));
    for (const ByteKernel& kernel : byte_kernels()) {
      check_bounds(Rows(300, width, width, normal(2)), x, {}, kernel);
      check_bounds(Rows(300, width, width, whole(3, 2)), Rows(5, width, width, whole(4, 2)), {},
                   kernel);
    }
  }
}

TEST_P(DistanceBoundsTest, RuleOutMostOthers) {
  EXPECT_LT(check_bounds(Rows(4000, 512, 512, normal(1)), Rows(6, 512, 512, normal(2))), 0.04);
  // Numbers that are never negative, as networks say, and far from the origin.
  auto draw = normal(3);
  const auto positive = [&] { return std::max(0.0f, draw()); };
  EXPECT_LT(check_bounds(Rows(4000, 512, 512, positive), Rows(6, 512, 512, positive)), 0.05);
  const auto far = [&] { return 1000 + draw(); };
  EXPECT_LT(check_bounds(Rows(4000, 512, 512, far), Rows(6, 512, 512, far)), 0.05);
}

TEST_P(DistanceBoundsTest, HoldForRowsOfAllScales) {
  std::size_t i = 0;
  auto draw = normal(4);
  const auto scaled = [&] {
    return std::pow(10.0f, static_cast<float>(i++ / 40 % 36) - 20) * draw();
  };
  for (const float scale : {1e-35f, 1e-20f, 1.0f, 1e14f}) {
    check_bounds(Rows(500, 40, 40, scaled), Rows(5, 40, 40, normal(5, scale)));
    check_bounds(Rows(500, 40, 40, normal(6, scale)), Rows(5, 40, 40, normal(7, scale)));
  }
  check_bounds(Rows(500, 40, 40, [] { return 0.0f; }), Rows(2, 40, 40, [] { return 3.0f; }));
}

/// At so many directions of the rows, and of others, which say less.
double check_directions(const Rows& rows, const Rows& x, std::size_t count) {
  const std::size_t n = std::min<std::size_t>(rows.rows, 400);
  const Rows others(50, rows.width, rows.width, normal(9));
  for (const Rows* of : {&others, &rows}) {
    LeadingDirections found =
        leading_directions(of->data(), of == &rows ? n : 50, rows.width, count);
    if (found.count == 0) continue;
    if (of == &rows) return check_bounds(rows, x, std::move(found));
    check_bounds(rows, x, std::move(found));
  }
  return 1;
}

TEST_P(DistanceBoundsTest, HoldInDirections) {
  for (const std::size_t width : {2u, 9u, 40u, 130u}) {
    for (const std::size_t count : {std::size_t{1}, width / 2, width}) {
      check_directions(Rows(300, width, width, normal(2)), Rows(5, width, width + 3, normal(1)),
                       count);
    }
  }
  std::size_t i = 0;
  auto draw = normal(4);
  const auto scaled = [&] {
    return std::pow(10.0f, static_cast<float>(i++ / 40 % 36) - 20) * draw();
  };
  for (const float scale : {1e-35f, 1e-20f, 1.0f, 1e14f}) {
    check_directions(Rows(500, 40, 40, scaled), Rows(5, 40, 40, normal(5, scale)), 7);
    check_directions(Rows(500, 40, 40, normal(6, scale)), Rows(5, 40, 40, normal(7, scale)), 7);
  }
}

// Rows of 20 classes in 256 dimensions: few directions tell what all numbers tell.
TEST_P(DistanceBoundsTest, RuleOutMostOthersInFewDirectionsOfClasses) {
  const std::size_t width = 256, classes = 20;
  const Rows centres(classes, width, width, normal(11));
  auto draw = normal(12, 0.3f);
  std::size_t i = 0;
  const auto of_classes = [&] {
    const std::size_t at = i++;
    return centres.values[at / width % classes * width + at % width] + draw();
  };
  const Rows rows(4000, width, width, of_classes), x(6, width, width, of_classes);
  EXPECT_LT(check_directions(rows, x, 32), 0.15);
}

TEST_P(DistanceBoundsTest, LeaveRowsThatAreNotFinite) {
  Rows rows(40, 9, 9, normal(1));
  rows.values[7 * 9 + 2] = INFINITY;
  rows.values[20 * 9] = NAN;
  Searched s(rows, Rows(1, 9, 9, normal(2)));
  const auto found = s.possible(0, 1, -1e30, 0, 40);
  EXPECT_TRUE(std::ranges::binary_search(found, 7));
  EXPECT_TRUE(std::ranges::binary_search(found, 20));
}

INSTANTIATE_TEST_SUITE_P(All, DistanceBoundsTest, testing::ValuesIn(targets_here()), target_name);

}  // namespace
}  // namespace nescio::math
