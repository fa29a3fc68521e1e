#include "expr/cost.h"

#include <gtest/gtest.h>

namespace nescio::expr {
namespace {

class Cost : public testing::Test {
 protected:
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();
  Expr x = input(graph, "x", 8);
};

TEST_F(Cost, IsOneForEachValueOfArithmeticAndReductions) {
  EXPECT_EQ(operations_per_row(x), 0);
  EXPECT_EQ(operations_per_row(exp(x)), 8);
  EXPECT_EQ(operations_per_row(row_max(x)), 8);      // it reads eight
  EXPECT_EQ(operations_per_row(row_max(x) + 1), 9);  // and adds one
  EXPECT_EQ(operations_per_row(x - row_max(x)), 16);
}

TEST_F(Cost, OfAProductAndOfASearchAreThoseOfItsTable) {
  EXPECT_EQ(operations_per_row(matmul(x, Matrix(8, 5, 1.0))), 2 * 8 * 5);
  const Expr distances = squared_distances(x, Matrix(1000, 8, 1.0));
  // Each of the 1,000 distances is looked at once, and only then is one of them taken.
  EXPECT_EQ(operations_per_row(slice_columns(over_rows(Over::smallest, distances), 0, 1)),
            2 * 8 * 1000 + 1000 + 1000);
}

TEST_F(Cost, OfASortGrowsFasterThanItsValues) { EXPECT_EQ(operations_per_row(sorted(x)), 8 * 3); }

TEST_F(Cost, CountsEqualPartsOnce) { EXPECT_EQ(operations_per_row(exp(x) * exp(x)), 16); }

}  // namespace
}  // namespace nescio::expr
