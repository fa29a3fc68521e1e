// Arithmetic, comparisons and elementary functions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <cmath>

#include "base/error.h"
#include "expr/test_operations.h"

namespace nescio::expr {

std::vector<Case> arithmetic_cases() {
  return {
      {"add", [](Expr x, Expr y) { return x + y; }},
      {"subtract", [](Expr x, Expr y) { return x - y; }},
      {"multiply", [](Expr x, Expr y) { return x * y; }},
      {"divide", [](Expr x, Expr y) { return x / (abs(y) + 0.5); }},
      {"scalars", [](Expr x, Expr) { return 2.0 * x / 3.0 - 1.5; }},
      {"row constants",
       [](Expr x, Expr) {
         return x * random_matrix(1, x.width(), 3) + random_matrix(1, x.width(), 4);
       }},
      {"column broadcast", [](Expr x, Expr y) { return (x - row_max(y)) * row_min(x); }},
      {"column and column", [](Expr x, Expr y) { return row_max(x) - row_min(y) + 1.0; }},
      {"column to row constant", [](Expr x, Expr) { return row_max(x) * random_matrix(1, 5, 3); }},
      {"minimum", [](Expr x, Expr y) { return min(x, y); }},
      {"maximum", [](Expr x, Expr y) { return max(x, y); }},
      {"clip", [](Expr x, Expr) { return clip(x, -0.5, 0.7); }},
      {"power", [](Expr x, Expr y) { return pow(x, y * 0.3); }, 1e-5, true},
      {"power of negatives", [](Expr x, Expr) { return pow(x, 3.0); }, 2e-6},
      {"logaddexp", [](Expr x, Expr y) { return logaddexp(x, y); }},
      {"less", [](Expr x, Expr y) { return x < y; }, 0},
      {"less_equal", [](Expr x, Expr y) { return x <= y; }, 0},
      {"greater", [](Expr x, Expr y) { return x > y; }, 0},
      {"greater_equal", [](Expr x, Expr y) { return x >= y; }, 0},
      {"equal", [](Expr x, Expr y) { return max(x, 0.0) == max(y, 0.0); }, 0},
      {"not_equal", [](Expr x, Expr y) { return max(x, 0.0) != max(y, 0.0); }, 0},
      {"where", [](Expr x, Expr y) { return where(x > 0.0, x + y, y * 2.0); }},
      {"where with columns", [](Expr x, Expr y) { return where(row_max(x) > 0.5, y, row_min(x)); }},
      {"negate", [](Expr x, Expr) { return -x; }, 0},
      {"exp", [](Expr x, Expr) { return exp(x); }},
      {"expm1", [](Expr x, Expr) { return expm1(x * 1e-3); }},
      {"log", [](Expr x, Expr) { return log(x); }, 1e-6, true},
      {"log1p", [](Expr x, Expr) { return log1p(x * 1e-3); }, 1e-6, true},
      {"sqrt", [](Expr x, Expr) { return sqrt(x); }, 1e-6, true},
      {"abs", [](Expr x, Expr) { return abs(x); }, 0},
  };
}

namespace {

using testing::DoubleEq;
using testing::ElementsAre;

TEST(Arithmetic, IsWhatItsFormulasSay) {
  const HandRow value;
  const Expr& x = value.x;
  EXPECT_THAT(value(2.0 * x / 4.0 - 1.0), ElementsAre(-0.5, 0.5, -2, 0.5));
  EXPECT_THAT(value(clip(x, -1.0, 2.0)), ElementsAre(1, 2, -1, 2));
  EXPECT_THAT(value(where(x > 0.0, pow(x, 2.0), abs(x))), ElementsAre(1, 9, 2, 9));
  EXPECT_THAT(value(logaddexp(column(x, 0), column(x, 1))),
              ElementsAre(DoubleEq(std::log(std::exp(1.0) + std::exp(3.0)))));
  EXPECT_EQ((x * 1.0).id(), x.id());
  EXPECT_EQ((x + 0.0).id(), x.id());
}

TEST(Arithmetic, RefusesWhatDoesNotFit) {
  const auto graph = std::make_shared<Graph>();
  const Expr x = input(graph, "x", 4);
  EXPECT_THROW(x + input(graph, "y", 3), Error);
  EXPECT_THROW(x + Matrix(2, 4), Error);
  EXPECT_THROW(where(x, x, x), Error);
  EXPECT_THROW(x + input(std::make_shared<Graph>(), "x", 4), Error);
}

TEST(Constants, OfDoublesAreSubtractedAsDoubles) {
  // Near 1e5 a float has two digits behind the point.
  const std::size_t rows = 50, width = 33;
  const Values x = random_values(rows * width, 1, 1, 1e5);
  const Batch batch{{"x", {x.data(), rows, width}}};
  Matrix mean(1, width);
  for (std::size_t c = 0; c < width; ++c) mean(0, c) = 1e5 + 1.0 / static_cast<double>(3 + c);
  const auto graph = std::make_shared<Graph>();
  const Expr h = input(graph, "x", width);
  for (const Expr& e : {h - mean, mean - h, h + random_matrix(1, width, 2) - mean, h - 1e5 / 3,
                        Matrix(1, width, -1e5 / 3) + h}) {
    const auto expected = run(Executor::reference, e, batch, rows);
    const auto found = run(Executor::cpu, e, batch, rows);
    for (std::size_t i = 0; i < found.size(); ++i) {
      // A sum that is kept in between is rounded once more.
      const double between = e.id() == (h + random_matrix(1, width, 2) - mean).id() ? 8e-3 : 0;
      ASSERT_NEAR(found[i], expected[i], 1e-6 * std::abs(expected[i]) + between);
    }
  }
}

}  // namespace
}  // namespace nescio::expr
