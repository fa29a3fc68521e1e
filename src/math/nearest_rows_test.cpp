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

/// The wanted ranks of `points` - 1 points (the last one is left out) against sorted distances; with
/// bounds the same bits.
void check_nearest(const Rows& rows, const Rows& x, const std::vector<Ranks>& wanted) {
  const std::size_t width = rows.width;
  const DistanceTable table(Array({rows.rows, width}, std::vector(rows.values)), rows.rows, width);
  const std::size_t sample = std::min<std::size_t>(rows.rows, 500);
  SearchBounds bytes, directions;
  bytes.levels.emplace_back(table);
  if (auto few =
          leading_directions(rows.data(), sample, width, std::max<std::size_t>(width / 8, 1));
      few.count > 0) {
    directions.scout.emplace(table, std::move(few));
  }
  if (auto more = leading_directions(rows.data(), sample, width, width / 2); more.count > 0) {
    directions.levels.emplace_back(table, std::move(more));
  }
  directions.levels.emplace_back(table);
  std::vector<float> tile(points * NearestRows::tile_columns);
  std::vector<float> scratch(DistanceTable::scratch_floats(points, width));
  std::size_t k = 0;
  for (const Ranks& ranks : wanted) k = std::max(k, ranks.last);
  for (const Order order : {Order::ascending, Order::descending}) {
    const auto search = [&](const SearchBounds* bounds) {
      std::vector<float> found(points * k, -1);
      NearestRows nearest(table, bounds, points, order, wanted);
      for (int round = 0; round < 2; ++round) {
        nearest.search({x.data(), points, width, x.stride}, points - 1, tile.data(), scratch.data(),
                       found.data());
      }
      return found;
    };
    const std::vector<float> out = search(nullptr);
    ASSERT_EQ(search(&bytes), out);
    ASSERT_EQ(search(&directions), out);
    // Full blocks try one way after the other.
    NearestRows all_ways(table, &directions, points - 1, order, wanted);
    for (int round = 0; round < 6; ++round) {
      std::vector<float> found(points * k, -1);
      all_ways.search({x.data(), points - 1, width, x.stride}, points - 1, tile.data(),
                      scratch.data(), found.data());
      for (const Ranks& ranks : wanted) {
        for (std::size_t i = ranks.first; i < ranks.last; ++i) {
          for (std::size_t p = 0; p < points - 1; ++p) {
            ASSERT_EQ(found[p * k + i], out[p * k + i]);
          }
        }
      }
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
          if (std::isinf(value) && std::isinf(out[p * k + i])) continue;
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
      if (rank < count) check_nearest(rows, x, {{rank, rank + 1}});
    }
    check_nearest(rows, x, {{0, std::min<std::size_t>(count, 20)}});
    if (count > 500) check_nearest(rows, x, {{400, 402}, {3, 4}, {0, 1}, {20, 60}});
    if (count < 500) check_nearest(rows, x, {{0, count}});
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
  check_nearest(rows, x, {{0, 3}, {60, 61}});
  check_nearest(Rows(4000, 17, 17, [] { return 2.0f; }), x, {{0, 1}, {99, 100}});
  check_nearest(Rows(4000, 17, 17, [] { return 0.0f; }), Rows(points, 17, 17, [] { return 0.0f; }),
                {{9, 10}});
}

TEST_P(NearestRowsTest, AreFoundWhereSquaresOfFloatsEnd) {
  for (const float scale : {1e-22f, 1e-18f, 1e17f}) {
    check_nearest(Rows(700, 9, 9, normal(1, scale)), Rows(points, 9, 9, normal(2, scale)),
                  {{0, 60}});
  }
  // Products beyond the floats although the distances are not.
  auto draw = normal(3, 1e15f);
  check_nearest(Rows(700, 9, 9, [&] { return 3e20f + draw(); }),
                Rows(points, 9, 9, [&] { return 3e20f + draw(); }), {{0, 60}});
}

TEST_P(NearestRowsTest, AreFoundWhateverBytesMakeOfTheRows) {
  const std::size_t count = 3200, width = 50;
  auto draw = normal(5);
  const auto random = [&] { return draw(); };
  const Rows plain(points, width, width, random);
  {
    Rows rows(count, width, width, random);  // one number in a row takes all the bytes
    for (std::size_t r = 0; r < count; r += 3) rows.values[r * width + r % width] = 1e4f;
    check_nearest(rows, plain, {{0, 50}});
    for (std::size_t r = 1; r < count; r += 700) rows.values[r * width] = 1e12f;
    check_nearest(rows, plain, {{0, 1}, {99, 100}});
  }
  {
    Rows rows(count, width, width, random);  // each row twice, and some as the points
    std::copy_n(rows.values.begin(), count / 2 * width, rows.values.begin() + count / 2 * width);
    std::copy_n(plain.values.begin(), 4 * width, rows.values.begin() + 2500 * width);
    check_nearest(rows, plain, {{0, 7}, {100, 101}});
    for (std::size_t c = 0; c < width; ++c) rows.values[2900 * width + c] = INFINITY;
    check_nearest(rows, plain, {{0, 7}});
  }
  {
    std::size_t i = 0;  // lengths over many powers of ten; rows of zeros
    const auto scaled = [&] {
      const auto row = static_cast<int>(i++ / width);
      return row % 50 == 0 ? 0.0f : std::pow(10.0f, static_cast<float>(row % 30 - 15)) * draw();
    };
    const Rows rows(count, width, width, scaled);
    check_nearest(rows, Rows(points, width, width, scaled), {{0, 30}, {1000, 1001}});
  }
  for (const float offset : {100.0f, 1e6f}) {
    const auto far = [&] { return offset + draw(); };
    check_nearest(Rows(count, width, width, far), Rows(points, width, width, far), {{0, 50}});
    check_nearest(Rows(count, width, width, far), plain, {{0, 50}});
  }
  for (const float scale : {1e-38f, 1e-19f, 1e18f}) {
    check_nearest(Rows(count, width, width, normal(6, scale)),
                  Rows(points, width, width, normal(7, scale)), {{0, 50}});
  }
  check_nearest(Rows(count, width, width, whole(8, 1)), Rows(points, width, width, whole(9, 1)),
                {{0, 1}, {49, 50}});
}

TEST(NearestRows, SayWhatIsWrong) {
  const DistanceTable table(Array({2, 1}, std::vector<float>{1, 2}), 2, 1);
  EXPECT_THROW(NearestRows(table, nullptr, 1, Order::ascending, {{2, 3}}), Error);
  EXPECT_THROW(NearestRows(table, nullptr, 1, Order::ascending, {}), Error);
}

INSTANTIATE_TEST_SUITE_P(All, NearestRowsTest, testing::ValuesIn(targets_here()), target_name);

}  // namespace
}  // namespace nescio::math
