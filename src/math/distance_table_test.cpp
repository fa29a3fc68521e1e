#include "math/distance_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "math/every_target.h"

namespace nescio::math {
namespace {

class DistanceTableTest : public EveryTarget {};

double true_distance(const float* a, const float* b, std::size_t width) {
  double sum = 0;
  for (std::size_t c = 0; c < width; ++c) {
    sum += (static_cast<double>(a[c]) - b[c]) * (static_cast<double>(a[c]) - b[c]);
  }
  return sum;
}

DistanceTable table_of(const Rows& rows) {
  return {Array({rows.rows, rows.width}, std::vector(rows.values)), rows.rows, rows.width};
}

TEST_P(DistanceTableTest, GivesSingleDistancesInDouble) {
  for (const std::size_t width : widths()) {
    const Rows x(2, width, width + 1, normal(1, 1e3f));
    const Rows rows(3, width, width, normal(2));
    const DistanceTable table = table_of(rows);
    for (std::size_t r = 0; r < 6; ++r) {
      const double expected = true_distance(x.row(r / 3), rows.row(r % 3), width);
      ASSERT_NEAR(table.exact(x.row(r / 3), r % 3), expected, 1e-14 * expected) << width;
    }
    EXPECT_EQ(table.exact(rows.row(1), 1), 0);
  }
}

TEST_P(DistanceTableTest, BoundsTheErrorOfItsProduct) {
  for (const std::size_t width : {1u, 7u, 64u, 700u}) {
    for (const float offset : {0.0f, 1.0f, 30.0f, 1e4f, 1e6f}) {
      for (const float away : {0.0f, 1e2f, 1e5f}) {
        auto draw = normal(3);
        const Rows rows(50, width, width, [&] { return offset + draw(); });
        const Rows x(8, width, width + 3, [&] { return offset + away + draw(); });
        const DistanceTable table = table_of(rows);
        std::vector<float> moved(8 * width), y(8 * 20);
        const MatrixView view(x.data(), 8, width, x.stride);
        const MatrixView about_mean = table.about_mean(view, moved.data());
        table.relative_distances(about_mean, 10, 20, y.data());
        for (std::size_t r = 0; r < 8; ++r) {
          const double x_norm = table.exact_to_mean(x.row(r));
          for (std::size_t j = 0; j < 20; ++j) {
            const double expected = true_distance(x.row(r), rows.row(10 + j), width) - x_norm;
            ASSERT_LE(std::abs(y[r * 20 + j] - expected),
                      table.error(std::sqrt(x_norm), table.lengths()[10 + j]))
                << "width " << width << ", at " << offset << ", away " << away;
          }
        }
      }
    }
  }
}

TEST_P(DistanceTableTest, TakesShortDistancesAnew) {
  for (const std::size_t width : {1u, 5u, 33u, 200u}) {
    auto draw = normal(4);
    const Rows rows(37, width, width, [&] { return 3 + draw(); });
    // Points a hair's breadth from a row.
    Rows x(37, width, width, normal(5, 1e-6f));
    for (std::size_t i = 0; i < x.values.size(); ++i) x.values[i] += rows.values[i];
    const DistanceTable table = table_of(rows);
    std::vector<float> scratch(DistanceTable::scratch_floats(37, width)), y(37 * 30);
    table.distances({x.data(), 37, width}, 7, 30, scratch.data(), y.data());
    for (std::size_t r = 0; r < 37; ++r) {
      for (std::size_t j = 0; j < 30; ++j) {
        const double expected = true_distance(x.row(r), rows.row(7 + j), width);
        ASSERT_NEAR(y[r * 30 + j], expected, 1e-5 * expected) << width;
      }
    }
  }
}

TEST(DistanceTable, CopiesOnlyRowsFarFromTheOrigin) {
  const Rows x(1, 40, 40, normal(1));
  std::vector<float> moved(40);
  const MatrixView view(x.data(), 1, 40);
  const DistanceTable near = table_of(Rows(30, 40, 40, normal(2)));
  EXPECT_EQ(near.about_mean(view, moved.data()).data, x.data());
  auto draw = normal(3);
  const DistanceTable far = table_of(Rows(30, 40, 40, [&] { return 9 + draw(); }));
  EXPECT_EQ(far.about_mean(view, moved.data()).data, moved.data());
  EXPECT_NEAR(moved[3], x.values[3] - 9, 0.7);
}

INSTANTIATE_TEST_SUITE_P(All, DistanceTableTest, testing::ValuesIn(targets_here()), target_name);

}  // namespace
}  // namespace nescio::math
