// Products with tables, distances to their rows, and picking of columns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "expr/test_operations.h"
#include "expr/test_points.h"

namespace nescio::expr {

std::vector<Case> table_cases() {
  const auto table = [](const Expr& x, std::size_t n) { return random_matrix(n, x.width(), 7); };
  const auto triangle = [](std::size_t rows) {
    Matrix m = random_matrix(rows, 200, 5);
    for (std::size_t r = 0; r < rows; ++r)
      std::fill(m.row(r).begin(),
                m.row(r).begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(r, 200)), 0.0);
    for (std::size_t r = 0; r < rows; ++r)
      std::fill(m.row(r).begin() + 70, m.row(r).begin() + 140, 0.0);
    return m;
  };
  return {
      {"matmul with zeros", [=](Expr x, Expr) { return matmul(x, triangle(x.width())); }},
      {"matmul", [=](Expr x, Expr) { return matmul(x, random_matrix(x.width(), 9, 5)); }},
      {"matmul to one", [=](Expr x, Expr) { return matmul(x, random_matrix(x.width(), 1, 5)); }},
      {"inner_products", [=](Expr x, Expr) { return inner_products(x, table(x, 11)); }},
      {"squared_distances", [=](Expr x, Expr) { return squared_distances(x, table(x, 11)); }, 3e-6},
      {"squared_distances to one", [=](Expr x, Expr) { return squared_distances(x, table(x, 1)); },
       3e-6},
      {"take_row",
       [](Expr x, Expr) { return take_row(random_matrix(x.width(), 4, 5), row_argmax(x)); }},
      {"gather_columns", [](Expr x, Expr y) { return gather_columns(x, rank(y)); }, 0},
      {"slice_columns", [](Expr x, Expr) { return slice_columns(x, 1, x.width()); }, 0, false, 2},
      {"select_columns",
       [](Expr x, Expr) {
         return select_columns(x, {static_cast<std::int64_t>(x.width()) - 1, 0, 0});
       },
       0},
      {"concat",
       [](Expr x, Expr y) {
         return concat({x, row_max(y), y, x});
       },
       0},
  };
}

namespace {

using testing::ElementsAre;

TEST(Tables, AreReadAsTheirFormulasSay) {
  const HandRow value;
  const Expr& x = value.x;
  EXPECT_THAT(value(matmul(x, Matrix(4, 2, {1, 0, 0, 1, 1, 1, 2, 0}))), ElementsAre(5, 1));
  EXPECT_THAT(value(inner_products(x, Matrix(2, 4, {1, 0, 1, 2, 0, 1, 1, 0}))), ElementsAre(5, 1));
  EXPECT_THAT(value(squared_distances(x, Matrix(1, 4, {0, 3, 0, 0}))), ElementsAre(1 + 0 + 4 + 9));
  EXPECT_THAT(value(take_row(Matrix(4, 2, {0, 1, 2, 3, 4, 5, 6, 7}), row_argmax(x))),
              ElementsAre(2, 3));
  EXPECT_THAT(value(gather_columns(x, rank(x))), ElementsAre(3, -2, 1, 3));
  EXPECT_THAT(value(select_columns(x, {2, 0})), ElementsAre(-2, 1));
  EXPECT_THAT(value(concat({column(x, 2), slice_columns(x, 0, 2)})), ElementsAre(-2, 1, 3));
}

TEST(Tables, RefuseWhatDoesNotFit) {
  const HandRow value;
  const Expr& x = value.x;
  EXPECT_THROW(matmul(x, Matrix(3, 4)), Error);
  EXPECT_THROW(inner_products(x, Matrix(3, 3)), Error);
  EXPECT_THROW(slice_columns(x, 2, 5), Error);
  EXPECT_THROW(select_columns(x, {4}), Error);
  EXPECT_THROW(take_row(Matrix(4, 2), row_max(x)), Error);
}

TEST(SquaredDistances, KeepTheirDigitsWhereverThePointsLie) {
  for (const std::size_t width : {3u, 16u, 200u}) {
    const std::size_t rows = 60;
    for (const Points& points : hard_points(rows, width)) {
      const Batch batch{{"x", {points.x.data(), Points::queries, width}}};
      const auto graph = std::make_shared<Graph>();
      const Expr d = squared_distances(input(graph, "x", width),
                                       Array({rows, width}, std::vector(points.bank)));
      const auto expected = run(Executor::reference, d, batch, Points::queries);
      const auto found = run(Executor::cpu, d, batch, Points::queries);
      for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_NEAR(found[i], expected[i], 1e-5 * expected[i])
            << points.name << ", width " << width << ", element " << i;
      }
    }
  }
}

TEST(SquaredDistances, ToTablesOfDoublesKeepTheirDigits) {
  // Means of classes near 1e5: as floats they would be off by 4e-3.
  const std::size_t width = 12;
  const Values x = random_values(30 * width, 1, 1, 1e5);
  Matrix centres = random_matrix(7, width, 2);
  for (double& v : centres.values) v = 1e5 + v;
  const Batch batch{{"x", {x.data(), 30, width}}};
  const auto graph = std::make_shared<Graph>();
  for (const Expr& e :
       {squared_distances(input(graph, "x", width), centres),
        slice_columns(
            over_rows(Over::smallest, squared_distances(input(graph, "x", width), centres)), 0,
            3)}) {
    const auto expected = run(Executor::reference, e, batch, 30);
    const auto found = run(Executor::cpu, e, batch, 30);
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_NEAR(found[i], expected[i], 2e-6 * expected[i]);
    }
  }
}

TEST(SquaredDistances, HoldForTheLargestAndTheSmallestFloats) {
  for (const double scale : {1e-20, 1e18}) {
    const Values x = random_values(40, 1, scale);
    const Matrix table = [&] {
      Matrix m = random_matrix(9, 4, 2);
      for (double& v : m.values) v = static_cast<float>(v * scale);
      return m;
    }();
    const Batch batch{{"x", {x.data(), 10, 4}}};
    const auto graph = std::make_shared<Graph>();
    const Expr d = squared_distances(input(graph, "x", 4), table);
    for (const Expr& e : {d, over_rows(Over::smallest, d), over_rows(Over::largest, d)}) {
      const auto expected = run(Executor::reference, e, batch, 10);
      const auto found = run(Executor::cpu, e, batch, 10);
      for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_NEAR(found[i], expected[i], 1e-4 * expected[i]) << scale;
      }
    }
  }
}

}  // namespace
}  // namespace nescio::expr
