// Reductions over the rows of a bank, tile by tile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <cmath>

#include "base/error.h"
#include "expr/test_operations.h"
#include "expr/test_points.h"

namespace nescio::expr {

std::vector<Case> tile_cases() {
  const auto table = [](const Expr& x, std::size_t n) { return random_matrix(n, x.width(), 7); };
  return {
      {"over_rows sum",
       [=](Expr x, Expr) {
         return over_rows(Over::sum, max(inner_products(x, table(x, 3000)), 0.1));
       },
       2e-6},
      {"over_rows logsumexp",
       [=](Expr x, Expr) { return over_rows(Over::logsumexp, inner_products(x, table(x, 3000))); },
       2e-6},
      {"over_rows smallest",
       [=](Expr x, Expr) {
         return slice_columns(over_rows(Over::smallest, squared_distances(x, table(x, 3000))), 0,
                              20);
       },
       2e-6},
      {"over_rows largest",
       [=](Expr x, Expr) {
         return column(over_rows(Over::largest, matmul(x, random_matrix(x.width(), 2100, 5)) *
                                                    random_matrix(1, 2100, 6)),
                       7);
       },
       2e-6},
      {"over_rows of two products",
       [=](Expr x, Expr y) {
         const Expr a = max(inner_products(x, table(x, 1500)), 0.0);
         const Expr b = inner_products(y, table(x, 1500));
         return over_rows(Over::sum, abs(where(a > 0.3, a * b, b * 0.3 + (a - 0.3) * row_max(y))));
       },
       5e-6},
      {"over_rows of over_rows",
       [=](Expr x, Expr) {
         const Expr d = squared_distances(x, table(x, 1200));
         return over_rows(Over::sum, d - column(over_rows(Over::smallest, d), 3));
       },
       2e-5},
      {"over_rows one row",
       [=](Expr x, Expr) {
         return column(over_rows(Over::smallest, squared_distances(x, table(x, 1))), 0);
       },
       3e-6},
  };
}

namespace {

TEST(OverRows, IsWhatItsFormulasSay) {
  const HandRow value;
  const Expr z = inner_products(value.x, Matrix(3, 4, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}));
  EXPECT_THAT(value(over_rows(Over::largest, z)), testing::ElementsAre(3, 1, -2));
  EXPECT_THAT(value(over_rows(Over::smallest, z)), testing::ElementsAre(-2, 1, 3));
  EXPECT_THAT(value(over_rows(Over::sum, z)), testing::ElementsAre(2));
}

TEST(OverRows, RefusesBodiesThatNeedWholeRows) {
  const HandRow value;
  const Expr& x = value.x;
  EXPECT_THROW(over_rows(Over::sum, softmax(x)), Error);
  EXPECT_THROW(over_rows(Over::sum, constant(x.graph(), Matrix(1, 4))), Error);
  EXPECT_THROW(
      compile({over_rows(Over::sum, x * inner_products(x, Matrix(4, 4, 1)))}, Executor::cpu),
      Error);
}

TEST(CloseNeighbours, KeepTheirDigits) {
  // Points a hair's breadth from bank rows far from the origin: |x|^2 + |b|^2 - 2xb has no digit
  // left of this.
  const std::size_t width = 64;
  const Matrix wide = random_matrix(2000, width, 5);
  std::vector<float> rows(wide.values.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(wide.values[i] + 20);
  Values x(rows.begin(), rows.begin() + 10 * width);
  for (float& v : x) v += 1e-3f;
  const Batch batch{{"x", {x.data(), 10, width}}};
  const auto graph = std::make_shared<Graph>();
  const Expr nearest =
      column(over_rows(Over::smallest,
                       squared_distances(input(graph, "x", width), Array({2000, width}, rows))),
             0);
  const auto expected = run(Executor::reference, nearest, batch, 10);
  const auto found = run(Executor::cpu, nearest, batch, 10);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_NEAR(found[i], expected[i], 1e-6 * expected[i]);
}

/// The distances at these ranks by the CPU executor, against the whole sorted row of the other.
void expect_ranks(const Points& points, std::size_t rows, std::size_t width,
                  const std::vector<std::vector<std::int64_t>>& all_ranks) {
  SCOPED_TRACE(text(points.name, ", ", rows, " rows of width ", width));
  const Batch batch{{"x", {points.x.data(), Points::queries, width}}};
  const auto graph = std::make_shared<Graph>();
  const Expr d =
      squared_distances(input(graph, "x", width), Array({rows, width}, std::vector(points.bank)));
  const auto sorted_rows =
      run(Executor::reference, over_rows(Over::smallest, d), batch, Points::queries);
  for (const Over order : {Over::smallest, Over::largest}) {
    for (const auto& ranks : all_ranks) {
      const auto found =
          run(Executor::cpu, select_columns(over_rows(order, d), ranks), batch, Points::queries);
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

TEST(Neighbours, AreTheNearestWhereverThePointsLie) {
  for (const std::size_t width : {3u, 16u, 70u}) {
    for (const Points& points : hard_points(2500, width)) {
      expect_ranks(points, 2500, width, {{0}, {49}, {3, 0, 700, 40}});
    }
  }
}

TEST(Neighbours, InASmallBankAreAllOfIt) {
  for (const Points& points : hard_points(5, 40)) {
    expect_ranks(points, 5, 40, {{4}, {0, 1, 2, 3, 4}});
  }
}

TEST(Kernels, OfDistancesKeepTheirDigitsFarFromTheOrigin) {
  const std::size_t rows = 1500, width = 16;
  for (const Points& points : hard_points(rows, width)) {
    if (points.name.starts_with("scale") || points.name.starts_with("far")) continue;
    const Batch batch{{"x", {points.x.data(), Points::queries, width}}};
    const auto graph = std::make_shared<Graph>();
    const Expr d =
        squared_distances(input(graph, "x", width), Array({rows, width}, std::vector(points.bank)));
    for (const Expr& e :
         {over_rows(Over::sum, exp(d * -0.05)), over_rows(Over::logsumexp, d * -0.5),
          column(over_rows(Over::largest, -sqrt(d)), 9)}) {
      const auto expected = run(Executor::reference, e, batch, Points::queries);
      const auto found = run(Executor::cpu, e, batch, Points::queries);
      for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_NEAR(found[i], expected[i], 2e-5 * std::abs(expected[i]) + 1e-30) << points.name;
      }
    }
  }
}

/// Both executors on several blocks of rows.
void expect_agreement(const std::function<Expr(Expr x)>& build, std::size_t rows = 1300) {
  const std::size_t width = 20;
  const Values x = random_values(rows * width, 3, 1);
  const Batch batch{{"x", {x.data(), rows, width}}};
  const auto graph = std::make_shared<Graph>();
  const Expr e = build(input(graph, "x", width));
  const auto expected = run(Executor::reference, e, batch, rows);
  const auto found = run(Executor::cpu, e, batch, rows);
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i], 1e-5 * std::max(1.0, std::abs(expected[i]))) << i;
  }
}

TEST(Bodies, MayBeStepsOfTheirOwnToo) {
  const Matrix table = random_matrix(1200, 20, 5);
  const auto all = [&](const Expr& x) { return squared_distances(x, table); };
  expect_agreement(
      [&](Expr x) { return row_min(all(x)) + column(over_rows(Over::smallest, all(x)), 3); });
  expect_agreement([&](Expr x) {  // in the body and read as a whole
    const Expr weights = exp(all(x) * -0.1);
    return row_max(weights) + over_rows(Over::sum, weights);
  });
  expect_agreement([&](Expr x) {  // in the bodies of two loops, one after the other
    const Expr z = inner_products(x, table);
    const Expr total = over_rows(Over::logsumexp, z);
    return concat(
        {over_rows(Over::sum, exp(z - total)), total, column(over_rows(Over::largest, z), 1)});
  });
  expect_agreement(
      [&](Expr x) {  // a body, the argument of a product and an output
        const Expr z = inner_products(x, table);
        const Expr again = inner_products(z, random_matrix(1200, 1200, 6));
        return over_rows(Over::sum, max(again * 0.01, abs(z))) + row_sum(abs(z));
      },
      1300);
}

TEST(Bodies, MayBeOutputsToo) {
  const std::size_t rows = 1300, width = 20;
  const Values x = random_values(rows * width, 3, 1);
  const Batch batch{{"x", {x.data(), rows, width}}};
  const auto graph = std::make_shared<Graph>();
  const Expr z = inner_products(input(graph, "x", width), random_matrix(1100, width, 5));
  const std::vector<Expr> outputs = {z, over_rows(Over::sum, exp(z * 0.1)),
                                     over_rows(Over::logsumexp, z)};
  std::vector<std::vector<double>> found;
  std::vector<Output> to;
  for (const Expr& e : outputs) found.emplace_back(rows * e.width());
  for (auto& values : found) to.emplace_back(values.data());
  compile(outputs, Executor::cpu)->run(batch, to);
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const auto expected = run(Executor::reference, outputs[o], batch, rows);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(found[o][i], expected[i], 1e-5 * std::max(1.0, std::abs(expected[i])));
    }
  }
}

TEST(OverRows, TreatsInfinitiesAsTheReferenceDoes) {
  // log(0) = -inf, -log(0) = +inf; in the first, a middle, the last tile or all of them.
  const std::size_t bank = 2500;
  const auto graph = std::make_shared<Graph>();
  const Values x = {1, 2};
  const Batch batch{{"x", {x.data(), 2, 1}}};
  const Expr one = input(graph, "x", 1);
  for (const std::size_t zero : {0u, 1500u, 2499u, 2500u, 2501u}) {
    Matrix table(bank, 1, 1.0);
    if (zero < bank) table.values[zero] = 0;
    if (zero == bank + 1) table.values.assign(bank, 0);
    const Expr z = log(abs(inner_products(one, table)));
    for (const Expr& e :
         {over_rows(Over::logsumexp, z), over_rows(Over::logsumexp, -z), over_rows(Over::sum, z),
          over_rows(Over::sum, -z), column(over_rows(Over::smallest, z), 0),
          column(over_rows(Over::largest, -z), 1)}) {
      const auto expected = run(Executor::reference, e, batch, 2);
      const auto found = run(Executor::cpu, e, batch, 2);
      for (std::size_t i = 0; i < 2; ++i) {
        if (std::isinf(expected[i])) {
          EXPECT_EQ(found[i], expected[i]) << zero;
        } else {
          EXPECT_NEAR(found[i], expected[i], 1e-5 * std::max(1.0, std::abs(expected[i]))) << zero;
        }
      }
    }
  }
}

}  // namespace
}  // namespace nescio::expr
