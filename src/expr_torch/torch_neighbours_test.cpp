// Distances and nearest rows by libtorch keep their digits wherever the points lie.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "expr/test_operations.h"
#include "expr/test_points.h"
#include "expr_torch/test_device.h"

namespace nescio::expr {
namespace {

Expr distances_of(const Points& points, std::size_t rows, std::size_t width) {
  return squared_distances(input(std::make_shared<Graph>(), "x", width),
                           Array({rows, width}, std::vector(points.bank)));
}

Batch batch_of(const Points& points, std::size_t width) {
  return {{"x", {points.x.data(), Points::queries, width}}};
}

TEST(TorchDistances, KeepTheirDigitsWhereverThePointsLie) {
  for (const std::size_t width : {3u, 16u, 200u}) {
    for (const Points& points : hard_points(60, width)) {
      const Expr d = distances_of(points, 60, width);
      const auto expected = run(Executor::reference, d, batch_of(points, width), Points::queries);
      const auto found = run(executor_under_test(), d, batch_of(points, width), Points::queries);
      for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_NEAR(found[i], expected[i], 1e-5 * expected[i])
            << points.name << ", width " << width << ", element " << i;
      }
    }
  }
}

TEST(TorchDistances, ToTablesOfDoublesKeepTheirDigits) {
  const std::size_t width = 12;
  const Values x = random_values(30 * width, 1, 1, 1e5);
  Matrix centres = random_matrix(7, width, 2);
  for (double& v : centres.values) v = 1e5 + v;
  const Batch batch{{"x", {x.data(), 30, width}}};
  const Expr d = squared_distances(input(std::make_shared<Graph>(), "x", width), centres);
  for (const Expr& e : {d, slice_columns(over_rows(Over::smallest, d), 0, 3)}) {
    const auto expected = run(Executor::reference, e, batch, 30);
    const auto found = run(executor_under_test(), e, batch, 30);
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_NEAR(found[i], expected[i], 2e-6 * expected[i]);
    }
  }
}

TEST(TorchDistances, HoldForTheLargestAndTheSmallestFloats) {
  for (const double scale : {1e-20, 1e18}) {
    const Values x = random_values(40, 1, scale);
    Matrix table = random_matrix(90, 4, 2);
    for (double& v : table.values) v = static_cast<float>(v * scale);
    const Batch batch{{"x", {x.data(), 10, 4}}};
    const Expr d = squared_distances(input(std::make_shared<Graph>(), "x", 4), table);
    for (const Expr& e :
         {d, column(over_rows(Over::smallest, d), 3), column(over_rows(Over::largest, d), 1)}) {
      const auto expected = run(Executor::reference, e, batch, 10);
      const auto found = run(executor_under_test(), e, batch, 10);
      for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_NEAR(found[i], expected[i], 1e-4 * expected[i]) << scale;
      }
    }
  }
}

/// The distances at these ranks against the whole sorted row of the reference.
void expect_ranks(const Points& points, std::size_t rows, std::size_t width,
                  const std::vector<std::vector<std::int64_t>>& all_ranks,
                  const TorchSettings& settings) {
  SCOPED_TRACE(text(points.name, ", ", rows, " rows of width ", width));
  const Batch batch = batch_of(points, width);
  const Expr d = distances_of(points, rows, width);
  const auto sorted_rows =
      run(Executor::reference, over_rows(Over::smallest, d), batch, Points::queries);
  const Executor executor = executor_under_test(settings);
  for (const Over order : {Over::smallest, Over::largest}) {
    for (const auto& ranks : all_ranks) {
      const auto found =
          run(executor, select_columns(over_rows(order, d), ranks), batch, Points::queries);
      for (std::size_t i = 0; i < found.size(); ++i) {
        const auto rank = static_cast<std::size_t>(ranks[i % ranks.size()]);
        const std::size_t row = i / ranks.size();
        const double expected =
            sorted_rows[row * rows + (order == Over::smallest ? rank : rows - 1 - rank)];
        ASSERT_NEAR(found[i], expected, 2e-7 * expected)
            << (order == Over::smallest ? "smallest" : "largest") << ", row " << row << ", rank "
            << rank;
      }
    }
  }
}

TEST(TorchNeighbours, AreTheNearestWhereverThePointsLie) {
  for (const std::size_t width : {3u, 70u}) {
    for (const Points& points : hard_points(2500, width)) {
      expect_ranks(points, 2500, width, {{0}, {49}, {3, 0, 700, 40}}, {.block_rows = 40});
    }
  }
}

TEST(TorchNeighbours, AreTheSameInTilesOfATableOnTheHost) {
  for (const Points& points : hard_points(2500, 16)) {
    expect_ranks(points, 2500, 16, {{0, 49}},
                 {.block_rows = 40, .tile_values = 40 * 512, .resident_bytes = 1});
  }
}

TEST(TorchNeighbours, InASmallBankAreAllOfIt) {
  for (const Points& points : hard_points(5, 40)) {
    expect_ranks(points, 5, 40, {{4}, {0, 1, 2, 3, 4}}, {.block_rows = 40});
  }
}

TEST(TorchNeighbours, AmongDuplicatesAreFound) {
  // More equal rows than are kept: what was kept proves nothing.
  const std::size_t width = 8, rows = 4000;
  Values bank = random_values(rows * width, 3, 1);
  for (std::size_t r = 0; r < 300; ++r) std::copy_n(bank.begin(), width, &bank[r * 13 * width]);
  Values x(bank.begin(), bank.begin() + static_cast<std::ptrdiff_t>(20 * width));
  const Batch batch{{"x", {x.data(), 20, width}}};
  const Expr d = squared_distances(input(std::make_shared<Graph>(), "x", width),
                                   Array({rows, width}, std::vector(bank)));
  const Expr e = select_columns(over_rows(Over::smallest, d), {0, 5, 299, 300, 320});
  const auto expected = run(Executor::reference, e, batch, 20);
  const auto found = run(executor_under_test({.block_rows = 20}), e, batch, 20);
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i], 2e-7 * expected[i]) << i;
  }
}

}  // namespace
}  // namespace nescio::expr
