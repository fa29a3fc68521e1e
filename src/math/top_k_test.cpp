#include "math/top_k.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "math/every_target.h"
#include "math/test_values.h"

namespace nescio::math {
namespace {

using testing::HasSubstr;

class TopKTest : public EveryTarget {};

/// Columns of a row in order, ties by column.
std::vector<std::size_t> sorted_columns(const float* row, std::size_t width, Order order) {
  std::vector<std::size_t> columns(width);
  std::iota(columns.begin(), columns.end(), 0u);
  std::stable_sort(columns.begin(), columns.end(), [&](std::size_t a, std::size_t b) {
    return order == Order::ascending ? row[a] < row[b] : row[a] > row[b];
  });
  return columns;
}

void check_sort(const Rows& x, std::size_t prefix, Order order) {
  std::vector<float> values(x.rows * prefix + 1, 123), columns(x.rows * prefix + 1, 123);
  std::vector<float> scratch(sort_scratch_floats(x.width));
  sort_rows(x.data(), x.stride, x.rows, x.width, prefix, order, scratch.data(), values.data(),
            columns.data());
  for (std::size_t r = 0; r < x.rows; ++r) {
    const auto expected = sorted_columns(x.row(r), x.width, order);
    for (std::size_t i = 0; i < prefix; ++i) {
      ASSERT_EQ(columns[r * prefix + i], static_cast<float>(expected[i]))
          << "row " << r << ", rank " << i << " of " << prefix << ", width " << x.width;
      ASSERT_EQ(values[r * prefix + i], x.row(r)[expected[i]]);
    }
  }
  ASSERT_EQ(values.back(), 123);
  ASSERT_EQ(columns.back(), 123);
}

TEST_P(TopKTest, SortEqualsAStableSort) {
  for (const Order order : {Order::ascending, Order::descending}) {
    for (const std::size_t width : widths()) {
      for (const std::size_t rows : {0u, 1u, 3u}) {
        for (const std::size_t prefix : {std::size_t{0}, std::size_t{1}, width / 3, width}) {
          check_sort(Rows(rows, width, width, normal(1)), prefix, order);
          check_sort(Rows(rows, width, width + 2, whole(2, 2)), prefix, order);
          check_sort(Rows(rows, width, width, [] { return -1e4f; }), prefix, order);
        }
      }
    }
  }
}

TEST_P(TopKTest, SortPutsInfinitiesAtTheEndsNaNLastAndTiesZeros) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x = {nan, 0.0f, -0.0f, kInf, -kInf, 0.0f, -nan, 1};
  std::vector<float> y(x.size()), columns(x.size()), scratch(sort_scratch_floats(8));
  sort_rows(x.data(), 8, 1, 8, 8, Order::ascending, scratch.data(), y.data(), columns.data());
  EXPECT_THAT(columns, testing::ElementsAre(4, 1, 2, 5, 7, 3, 0, 6));
  sort_rows(x.data(), 8, 1, 8, 8, Order::descending, scratch.data(), y.data(), columns.data());
  EXPECT_THAT(columns, testing::ElementsAre(3, 7, 1, 2, 5, 4, 0, 6));
  sort_rows(x.data(), 8, 1, 8, 8, Order::descending, scratch.data(), y.data(), nullptr);
  EXPECT_EQ(y[0], kInf);
  EXPECT_TRUE(std::isnan(y[7]));
}

TEST(Sort, RefusesMoreThanThereIs) {
  float x = 0, y = 0;
  EXPECT_THROW(sort_rows(&x, 1, 1, 1, 2, Order::ascending, nullptr, &y, nullptr), Error);
}

void check_running(const Rows& x, std::size_t k, std::size_t tile, Order order) {
  RunningTopK top(x.rows, k, order);
  for (int round = 0; round < 2; ++round) {
    top.reset();
    for (std::size_t first = 0; first < x.width; first += tile) {
      top.add(x.data() + first, x.stride, std::min(tile, x.width - first), first);
    }
    std::vector<float> values(x.rows * k);
    std::vector<std::uint32_t> columns(x.rows * k);
    top.finish(values.data(), columns.data());
    for (std::size_t r = 0; r < x.rows; ++r) {
      const auto expected = sorted_columns(x.row(r), x.width, order);
      for (std::size_t i = 0; i < k; ++i) {
        ASSERT_EQ(columns[r * k + i], expected[i])
            << "rank " << i << " of " << k << ", tile " << tile;
        ASSERT_EQ(values[r * k + i], x.row(r)[expected[i]]);
      }
    }
  }
}

TEST_P(TopKTest, RunningEqualsAStableSortForAnyTiles) {
  for (const Order order : {Order::ascending, Order::descending}) {
    for (const std::size_t k : {1u, 7u, 50u, 400u}) {
      for (const std::size_t tile : {1u, 33u, 256u, 5000u}) {
        for (const std::size_t width : {std::size_t{400}, std::size_t{2000}, std::size_t{5000}}) {
          if (tile == 1 && width > 2000) continue;
          check_running(Rows(3, width, width + 1, normal(1)), k, tile, order);
          check_running(Rows(3, width, width, whole(2, 3)), k, tile, order);
        }
      }
    }
  }
}

TEST_P(TopKTest, RunningTakesTheHardestOrdersTiesAndInfinities) {
  for (const Order order : {Order::ascending, Order::descending}) {
    float next = 0;
    check_running(Rows(1, 5000, 5000, [&] { return ++next; }), 50, 512,
                  order);  // each beats, or none
    next = 0;
    check_running(Rows(1, 5000, 5000, [&] { return --next; }), 50, 512, order);
    check_running(Rows(2, 5000, 5000, [] { return 1.0f; }), 50, 512, order);
    check_running(Rows(2, 5000, 5000, [] { return kInf; }), 50, 512, order);
    check_running(Rows(2, 5000, 5000, [] { return -kInf; }), 50, 512, order);
    auto draw = whole(3, 1);
    check_running(Rows(2, 5000, 5000, [&] { return draw() * kInf > 0 ? kInf : -kInf; }), 3000, 512,
                  order);
  }
}

TEST(RunningTopK, SaysWhatIsWrong) {
  EXPECT_THROW(RunningTopK(1, 0, Order::ascending), Error);
  const std::vector<float> x(10);
  std::vector<float> values(20);
  RunningTopK top(1, 20, Order::ascending);
  top.add(x.data(), 10, 10, 0);
  try {
    top.finish(values.data(), nullptr);
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("at least k = 20 values a row, found 10"));
  }
  EXPECT_THROW(top.add(x.data(), 10, 10, 5), Error);
}

INSTANTIATE_TEST_SUITE_P(All, TopKTest, testing::ValuesIn(targets_here()), target_name);

}  // namespace
}  // namespace nescio::math
