// The table of operations: every row says all that the rest of the program reads of it.
#include "expr/ops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "expr/cpu_kernels.h"
#include "expr/reference_kernels.h"
#include "expr/test_operations.h"

namespace nescio::expr {
namespace {

TEST(Operations, EachRowIsComplete) {
  std::set<std::string_view> names;
  for (const OpInfo& row : op_table) {
    SCOPED_TRACE(row.name);
    EXPECT_TRUE(names.insert(row.name).second) << "stands twice";
    EXPECT_NE(row.columns, nullptr);
    // The tile loop must know how much of a table a tile reads.
    EXPECT_TRUE(!row.column_wise || row.table_role != TableRole::none);
    EXPECT_TRUE(!row.in_place || row.column_wise) << "others read further columns after they wrote";
    EXPECT_TRUE(row.table_role != TableRole::nearest || row.arity == 2) << "x and the table";
  }
}

TEST(Operations, HaveAKernelInEachExecutor) {
  for (std::size_t i = 0; i < op_count; ++i) {
    const auto op = static_cast<Op>(i);
    if (is_leaf(op)) continue;
    EXPECT_NE(reference_kernel(op), nullptr) << info(op).name;
    EXPECT_TRUE(op == Op::over_rows || cpu_kernel(op).run != nullptr) << info(op).name;
  }
}

TEST(Operations, AreDrivenByCasesWithTheirNumberOfArguments) {
  std::vector<bool> seen(op_count, false);
  for (const Case& c : all_cases()) {
    const auto graph = std::make_shared<Graph>();
    c.build(input(graph, "x", 10), input(graph, "y", 10));
    for (NodeId id = 0; id < graph->size(); ++id) {
      const Node& node = graph->node(id);
      seen[static_cast<std::size_t>(node.op)] = true;
      const std::size_t arity = info(node.op).arity;
      EXPECT_TRUE(arity == any_arity || node.arguments.size() == arity) << info(node.op).name;
      const bool reads_table = std::ranges::any_of(
          node.arguments, [&](NodeId a) { return graph->node(a).op == Op::constant; });
      EXPECT_TRUE(!reads_table || info(node.op).table_role != TableRole::none)
          << info(node.op).name;
    }
  }
  for (std::size_t i = 0; i < op_count; ++i) {
    EXPECT_TRUE(seen[i]) << op_table[i].name << " has no case";
  }
}

// The table as it would be with a further row before each of the others.
TEST(Operations, DoNotChangeWithARowPutBetween) {
  constexpr OpInfo longer[] = {
#define X(name, ...) named("another", OpInfo{.in_place = true}), named(#name, __VA_ARGS__),
      NESCIO_LEAVES(X) NESCIO_OPERATIONS(X)
#undef X
  };
  for (std::size_t i = 0; i < op_count; ++i) {
    const OpInfo& a = op_table[i];
    const OpInfo& b = longer[2 * i + 1];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(
        std::tie(a.arity, a.columns, a.column_wise, a.in_place, a.prefix, a.table_role, a.sorts),
        std::tie(b.arity, b.columns, b.column_wise, b.in_place, b.prefix, b.table_role, b.sorts))
        << a.name;
  }
}

template <class T>
constexpr bool is_ordered = requires(T a, T b) {
  a < b;
}
|| requires(T a, T b) { a <= b; }
|| requires(T a, T b) { a > b; }
|| requires(T a, T b) { a >= b; };
static_assert(!is_ordered<Op>, "a range of operations changes with a row put in between");

// Which operations overwrite an argument was once a range of the table, so it stands here in words.
TEST(Operations, OnlyArithmeticRunsInPlace) {
  std::set<std::string> arithmetic;
#define X(name, ...) arithmetic.insert(#name);
  NESCIO_ARITHMETIC(X)
#undef X
  arithmetic.erase("where");
  std::set<std::string> in_place;
  for (const OpInfo& row : op_table) {
    if (row.in_place) in_place.insert(std::string(row.name));
  }
  EXPECT_EQ(in_place, arithmetic);
}

}  // namespace
}  // namespace nescio::expr
