// Which columns of an argument an output needs: enough, which other values in the rest of the columns show
// for every operation, and no more than needed, which is said here for each kind.
#include "expr/column_use.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "expr/reference_kernels.h"
#include "expr/test_operations.h"

namespace nescio::expr {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t rows = 6;

bool holds(const std::vector<ColumnRange>& ranges, std::size_t column) {
  return std::ranges::any_of(
      ranges, [=](const ColumnRange& r) { return r.first <= column && column < r.last; });
}

/// The arguments of a node on some rows, and what it makes of them.
class Evaluation {
 public:
  Evaluation(const std::shared_ptr<Graph>& graph, NodeId id, const Batch& batch)
      : graph_(graph), node_(graph->node(id)) {
    for (const NodeId a : node_.arguments) {
      if (graph->node(a).op == Op::constant) {
        const Array table = graph->table(a).array().to_float64();
        arguments_.emplace_back(table.as<double>().begin(), table.as<double>().end());
      } else {
        arguments_.push_back(run(Executor::reference, Expr(graph, a), batch, rows));
      }
    }
  }

  /// Every column of an argument but the used ones takes its values from the rows in reverse.
  void change_unused(std::size_t argument, const std::vector<ColumnRange>& used) {
    const std::size_t width = graph_->node(node_.arguments[argument]).width;
    const auto before = arguments_[argument];
    const std::size_t count = before.size() / width;
    for (std::size_t c = 0; c < width; ++c) {
      for (std::size_t r = 0; r < count && !holds(used, c); ++r) {
        arguments_[argument][r * width + c] = before[(count - 1 - r) * width + c];
      }
    }
  }

  std::vector<double> result() const {
    std::vector<ReferenceValues> arguments;
    for (std::size_t a = 0; a < arguments_.size(); ++a) {
      const std::size_t width = graph_->node(node_.arguments[a]).width;
      arguments.push_back({arguments_[a].data(), arguments_[a].size() / width, width});
    }
    std::vector<double> out(rows * node_.width);
    reference_kernel(node_.op)({node_, rows, arguments, out.data()});
    return out;
  }

 private:
  std::shared_ptr<Graph> graph_;
  const Node& node_;
  std::vector<std::vector<double>> arguments_;
};

void expect_enough(const std::shared_ptr<Graph>& graph, NodeId id, const Batch& batch) {
  const Node& node = graph->node(id);
  const Evaluation as_it_is(graph, id, batch);
  const auto expected = as_it_is.result();
  for (const ColumnRange wanted :
       {ColumnRange{0, 1}, {node.width - 1, node.width}, {node.width / 3, node.width / 2 + 1}}) {
    for (std::size_t a = 0; a < node.arguments.size(); ++a) {
      Evaluation changed = as_it_is;
      changed.change_unused(a, columns_used(*graph, id, a, wanted));
      const auto found = changed.result();
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = wanted.first; c < wanted.last; ++c) {
          const double value = expected[r * node.width + c];
          ASSERT_TRUE(found[r * node.width + c] == value || std::isnan(value))
              << info(node.op).name << ", argument " << a << ", column " << c;
        }
      }
    }
  }
}

TEST(ColumnUse, IsAllThatAnyOperationReads) {
  const std::size_t width = 10;
  const Values x = random_values(rows * width, 1, 1), y = random_values(rows * width, 2, 1);
  const Batch batch{{"x", {x.data(), rows, width}}, {"y", {y.data(), rows, width}}};
  for (const Case& c : all_cases()) {
    SCOPED_TRACE(c.name);
    const auto graph = std::make_shared<Graph>();
    c.build(input(graph, "x", width), input(graph, "y", width));
    for (NodeId id = 0; id < graph->size(); ++id) {
      if (!is_leaf(graph->node(id).op)) expect_enough(graph, id, batch);
    }
  }
}

class ColumnUseOf : public testing::Test {
 protected:
  using Ranges = std::vector<ColumnRange>;
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();
  Expr x = input(graph, "x", 10);
  Expr one = input(graph, "one", 1);

  Ranges used(const Expr& e, std::size_t argument, ColumnRange wanted) const {
    return columns_used(*graph, e.id(), argument, wanted);
  }
};

TEST_F(ColumnUseOf, ArithmeticIsTheSameColumns) {
  EXPECT_THAT(used(x + one, 0, {2, 5}), ElementsAre(ColumnRange{2, 5}));
  EXPECT_THAT(used(x + one, 1, {2, 5}), ElementsAre(ColumnRange{0, 1}));
  EXPECT_THAT(used(ecdf(x, ascending_row(4)), 0, {2, 5}), ElementsAre(ColumnRange{2, 5}));
}

TEST_F(ColumnUseOf, ReductionsIsTheirGroups) {
  EXPECT_THAT(used(row_sum(x), 0, {0, 1}), ElementsAre(ColumnRange{0, 10}));
  EXPECT_THAT(used(row_max(x, {0, 3, 4, 10}), 0, {1, 3}), ElementsAre(ColumnRange{3, 10}));
  EXPECT_THAT(used(softmax(x), 0, {2, 5}), ElementsAre(ColumnRange{0, 10}));
  EXPECT_THAT(used(cumsum(x), 0, {2, 5}), ElementsAre(ColumnRange{0, 5}));
}

TEST_F(ColumnUseOf, PickedColumnsIsThose) {
  EXPECT_THAT(used(slice_columns(x, 3, 9), 0, {1, 4}), ElementsAre(ColumnRange{4, 7}));
  EXPECT_THAT(used(select_columns(x, {7, 0, 7}), 0, {1, 3}),
              ElementsAre(ColumnRange{0, 1}, ColumnRange{7, 8}));
  EXPECT_THAT(used(gather_columns(x, rank(x)), 1, {2, 5}), ElementsAre(ColumnRange{2, 5}));
  const Expr joined = concat({x, one, x + one});
  EXPECT_THAT(used(joined, 0, {8, 12}), ElementsAre(ColumnRange{8, 10}));
  EXPECT_THAT(used(joined, 1, {8, 12}), ElementsAre(ColumnRange{0, 1}));
  EXPECT_THAT(used(joined, 2, {8, 12}), ElementsAre(ColumnRange{0, 1}));
  EXPECT_THAT(used(joined, 0, {10, 12}), IsEmpty());
}

TEST_F(ColumnUseOf, ProductsIsAllOfTheRowAndColumnsOfTheTable) {
  const Expr product = matmul(x, random_matrix(10, 7, 1));
  EXPECT_THAT(used(product, 0, {2, 5}), ElementsAre(ColumnRange{0, 10}));
  EXPECT_THAT(used(product, 1, {2, 5}), ElementsAre(ColumnRange{2, 5}));
  const Expr by_rows = inner_products(x, random_matrix(7, 10, 1));
  EXPECT_THAT(used(by_rows, 1, {2, 5}), ElementsAre(ColumnRange{0, 10}));
}

}  // namespace
}  // namespace nescio::expr
