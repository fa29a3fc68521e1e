// Sorting, ranks and empirical distributions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "expr/test_operations.h"

namespace nescio::expr {

std::vector<Case> order_cases() {
  return {
      {"sorted", [](Expr x, Expr) { return sorted(x); }, 0},
      {"sorted descending", [](Expr x, Expr) { return sorted(x, Sort::descending); }, 0},
      {"sorted prefix",
       [](Expr x, Expr) { return slice_columns(sorted(x), 0, (x.width() + 1) / 2); }, 0},
      {"sum of the largest",
       [](Expr x, Expr) { return column(cumsum(sorted(x, Sort::descending)), x.width() / 2); }},
      {"rank", [](Expr x, Expr) { return rank(x); }, 0},
      {"rank of the first", [](Expr x, Expr) { return rank(x, (x.width() + 1) / 3); }, 0},
      {"ecdf", [](Expr x, Expr) { return ecdf(x, ascending_row(11)); }},
      {"row_histogram", [](Expr x, Expr) { return row_histogram(x, ascending_row(7)); }, 0},
      {"bucketize",
       [](Expr x, Expr) {
         Matrix borders(3, x.width());
         for (std::size_t i = 0; i < borders.values.size(); ++i)
           borders.values[i] = -1.0 + static_cast<double>(i / x.width());
         return bucketize(x, borders);
       },
       0},
  };
}

namespace {

using testing::ElementsAre;

TEST(Order, IsWhatItsFormulasSay) {
  const HandRow value;
  const Expr& x = value.x;
  EXPECT_THAT(value(rank(x)), ElementsAre(1, 2, 0, 3));
  EXPECT_THAT(value(rank(x, 2)), ElementsAre(1, 2, 0, 2));
  EXPECT_THAT(value(rank(x, 9)), ElementsAre(1, 2, 0, 3));
  EXPECT_THAT(value(sorted(x, Sort::descending)), ElementsAre(3, 3, 1, -2));
  EXPECT_THAT(value(ecdf(x, Matrix(1, 4, {-2, 1, 1, 5}))), ElementsAre(0.75, 0.75, 0.25, 0.75));
  EXPECT_THAT(value(row_histogram(x, Matrix(1, 3, {-2, 1, 3}))), ElementsAre(1, 3));
  EXPECT_THAT(value(bucketize(x, Matrix(2, 4, {0, 3, -3, 4, 1, 4, -1, 5}))),
              ElementsAre(2, 1, 1, 0));
}

TEST(Order, RefusesTablesThatAreNotAscending) {
  const HandRow value;
  EXPECT_THROW(ecdf(value.x, Matrix(1, 2, {1, 0})), Error);
  EXPECT_THROW(row_histogram(value.x, Matrix(1, 1, 1)), Error);
  EXPECT_THROW(bucketize(value.x, Matrix(2, 4, {0, 0, 0, 0, 1, 1, 1, -1})), Error);
}

}  // namespace
}  // namespace nescio::expr
