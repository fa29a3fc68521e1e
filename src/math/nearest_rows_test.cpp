#include "math/nearest_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "math/every_target.h"

namespace nescio::math {
namespace {

class NearestRowsTest : public EveryTarget {};

constexpr std::size_t points = 6;

/// The wanted ranks of `points` - 1 points (the last one is left out) against sorted distances.
void check(const Rows& rows, const Rows& x, const std::vector<Ranks>& wanted) {
  const std::size_t width = rows.width;
  const DistanceTable table(Array({rows.rows, width}, std::vector(rows.values)), rows.rows, width);
  std::vector<float> tile(points * NearestRows::tile_columns);
  std::vector<float> scratch(DistanceTable::scratch_floats(points, width));
  std::size_t k = 0;
  for (const Ranks& ranks : wanted) k = std::max(k, ranks.last);
  for (const Order order : {Order::ascending, Order::descending}) {
    NearestRows nearest(table, points, order, wanted);
    std::vector<float> out(points * k, -1);
    for (int round = 0; round < 2; ++round) {
      nearest.search({x.data(), points, width, x.stride}, points - 1, tile.data(), scratch.data(),
                     out.data());
    }
    for (std::size_t p = 0; p < points - 1; ++p) {
      std::vector<double> expected;
      for (std::size_t r = 0; r < rows.rows; ++r) {
        double sum = 0;
        for (std::size_t c = 0; c < width; ++c) {
          const double difference = static_cast<double>(x.row(p)[c]) - rows.row(r)[c];
          sum += difference * difference;
        }
        expected.push_back(order == Order::ascending ? sum : -sum);
      }
      std::ranges::sort(expected);
      for (const Ranks& ranks : wanted) {
        for (std::size_t i = ranks.first; i < ranks.last; ++i) {
          const double value = std::abs(expected[i]);
          ASSERT_NEAR(out[p * k + i], value, 1e-7 * value + 1e-45)
              << "point " << p << ", rank " << i;
        }
      }
    }
    for (std::size_t i = (points - 1) * k; i < points * k; ++i) ASSERT_EQ(out[i], -1);
  }
}

TEST_P(NearestRowsTest, AreThoseOfSortedDistances) {
  for (const std::size_t count : {1u, 5u, 300u, 3000u}) {
    const Rows rows(count, 33, 33, normal(1));
    const Rows x(points, 33, 40, normal(2));
    for (const std::size_t rank : {0u, 49u, 700u}) {
      if (rank < count) check(rows, x, {{rank, rank + 1}});
    }
    check(rows, x, {{0, std::min<std::size_t>(count, 20)}});
    if (count > 500) check(rows, x, {{400, 402}, {3, 4}, {0, 1}, {20, 60}});
    if (count < 500) check(rows, x, {{0, count}});
  }
}

TEST_P(NearestRowsTest, AreFoundAmongMoreThanTheBufferHolds) {
  // Nothing but the product's rounding tells these rows apart: clusters far from one another, each
  // of far more rows than are kept, some of them equal.
  auto draw = normal(3);
  std::size_t i = 0;
  const auto clustered = [&] {
    const auto cluster = static_cast<float>((i++ / 17) % 3);
    return 1e6f * cluster + std::round(4 * draw());
  };
  const Rows rows(4000, 17, 17, clustered);
  const Rows x(points, 17, 17, clustered);
  check(rows, x, {{0, 3}, {60, 61}});
  check(Rows(4000, 17, 17, [] { return 2.0f; }), x, {{0, 1}, {99, 100}});
  check(Rows(4000, 17, 17, [] { return 0.0f; }), Rows(points, 17, 17, [] { return 0.0f; }),
        {{9, 10}});
}

TEST_P(NearestRowsTest, AreFoundWhereSquaresOfFloatsEnd) {
  for (const float scale : {1e-22f, 1e-18f, 1e17f}) {
    check(Rows(700, 9, 9, normal(1, scale)), Rows(points, 9, 9, normal(2, scale)), {{0, 60}});
  }
  // Products beyond the floats although the distances are not.
  auto draw = normal(3, 1e15f);
  check(Rows(700, 9, 9, [&] { return 3e20f + draw(); }),
        Rows(points, 9, 9, [&] { return 3e20f + draw(); }), {{0, 60}});
}

TEST(NearestRows, SayWhatIsWrong) {
  const DistanceTable table(Array({2, 1}, std::vector<float>{1, 2}), 2, 1);
  EXPECT_THROW(NearestRows(table, 1, Order::ascending, {{2, 3}}), Error);
  EXPECT_THROW(NearestRows(table, 1, Order::ascending, {}), Error);
}

INSTANTIATE_TEST_SUITE_P(All, NearestRowsTest, testing::ValuesIn(targets_here()), target_name);

}  // namespace
}  // namespace nescio::math
