// Equal parts of expressions are one node.
#include <gtest/gtest.h>

#include "expr/test_operations.h"

namespace nescio::expr {
namespace {

TEST(Sharing, EqualPartsAreOneNode) {
  const auto graph = std::make_shared<Graph>();
  const Expr x = input(graph, "x", 8);
  const Matrix bank = random_matrix(40, 8, 1);
  const Expr a = column(over_rows(Over::smallest, squared_distances(x, bank)), 4);
  const std::size_t size = graph->size();
  const Expr b = column(over_rows(Over::smallest, squared_distances(x, Matrix(bank))), 9);
  EXPECT_EQ(graph->size(), size + 1);  // the table is equal in content, so only the column is new
  EXPECT_EQ((x * 1.0).id(), x.id());
  EXPECT_NE(a.id(), b.id());
}

TEST(Sharing, NumbersOfDifferentTypesAreDifferentTables) {
  const auto graph = std::make_shared<Graph>();
  const Expr zero = constant(graph, Array({2}, std::vector<float>{0, 0}));
  const Expr also = constant(graph, Matrix(1, 2));
  const Expr tall = constant(graph, Matrix(2, 1));
  EXPECT_NE(zero.id(), also.id());
  EXPECT_NE(also.id(), tall.id());
}

}  // namespace
}  // namespace nescio::expr
