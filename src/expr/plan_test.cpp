// What a plan computes, in which order, how much of it, and where.
#include "expr/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "expr/test_operations.h"

namespace nescio::expr {
namespace {

class Planning : public testing::Test {
 protected:
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();
  Expr x = input(graph, "x", 8);

  Plan plan(const std::vector<Expr>& outputs) const {
    std::vector<NodeId> ids;
    for (const Expr& e : outputs) ids.push_back(e.id());
    return make_plan(*graph, ids);
  }
  static std::size_t slot_of(const Plan& plan, const Expr& e) { return plan.slot[e.id()]; }

  template <class Work>
  static std::vector<Work> steps_of(const Plan& plan) {
    std::vector<Work> out;
    for (const Plan::Step& step : plan.steps) {
      if (const auto* work = std::get_if<Work>(&step.work)) out.push_back(*work);
    }
    return out;
  }
  Expr distances(std::size_t count, std::uint64_t seed = 1) const {
    return squared_distances(x, random_matrix(count, 8, seed));
  }
};

TEST_F(Planning, TakesOnlyWhatOutputsNeedArgumentsFirst) {
  const Expr unused = exp(input(graph, "unused", 3));
  const Expr norm = l2_norm(x);
  const Expr score = row_max(x / norm);
  const Plan p = plan({score});
  EXPECT_THAT(p.inputs, testing::ElementsAre(x.id()));
  std::set<NodeId> done(p.inputs.begin(), p.inputs.end());
  for (const Plan::Step& step : p.steps) {
    for (const NodeId a : step.arguments) EXPECT_TRUE(done.contains(a));
    done.insert(step.results.begin(), step.results.end());
  }
  EXPECT_TRUE(done.contains(score.id()));
  EXPECT_FALSE(done.contains(unused.id()));
}

TEST_F(Planning, LetsArithmeticOverwriteAnArgumentThatNobodyReadsAnyMore) {
  const Expr a = softmax(x);
  const Expr b = log(a);
  const Expr c = b * 2.0;
  const Plan p = plan({c});
  EXPECT_EQ(slot_of(p, b), slot_of(p, a));
  EXPECT_EQ(slot_of(p, c), slot_of(p, a));
  EXPECT_EQ(p.slot_columns.size(), 1u);
}

TEST_F(Planning, LetsNothingOverwriteWhatIsReadLater) {
  const Expr a = softmax(x);
  const Expr b = log(a);
  const Plan p = plan({a * b});  // a is read once more after b
  EXPECT_NE(slot_of(p, b), slot_of(p, a));
}

TEST_F(Planning, KeepsThePlaceOfAnArgumentFromOperationsThatReadItLate) {
  const Expr a = softmax(x);
  for (const Expr& e : {cumsum(a), sorted(a), log_softmax(a), where(a > 0.5, a, a * 2.0)}) {
    const Plan p = plan({e});
    for (const NodeId argument : graph->node(e.id()).arguments) {
      if (graph->node(argument).op == Op::constant) continue;
      EXPECT_NE(slot_of(p, e), p.slot[argument]) << info(graph->node(e.id()).op).name;
    }
  }
}

TEST_F(Planning, GivesASlotToTheNextOfItsSizeOnceItIsRead) {
  Expr e = softmax(x);
  for (int i = 0; i < 6; ++i) e = i % 2 == 0 ? cumsum(e) : softmax(e);  // none runs in place
  EXPECT_EQ(plan({e}).slot_columns.size(), 2u);
}

// Whatever the graph: two values that are needed at the same time never share a slot.
TEST_F(Planning, NeverPutsTwoLivingValuesIntoOneSlot) {
  for (const Case& c : all_cases()) {
    SCOPED_TRACE(c.name);
    graph = std::make_shared<Graph>();
    x = input(graph, "x", 8);
    const Expr first = c.build(x, input(graph, "y", 8));
    const Expr again = c.build(-x, exp(x));
    const Plan p = plan({first, row_max(first) + row_max(again), again});
    std::vector<NodeId> owner(p.slot_columns.size(), 0);
    for (const Plan::Step& step : p.steps) {
      for (const NodeId a : step.arguments) {
        if (p.slot[a] == Plan::none) continue;
        EXPECT_EQ(owner[p.slot[a]], a) << "was overwritten";
      }
      for (const NodeId id : step.results) {
        EXPECT_EQ(p.slot_columns[p.slot[id]], p.columns[id]);
        owner[p.slot[id]] = id;
      }
    }
  }
}

TEST_F(Planning, ComputesTheLargestPrefixThatAnyConsumerReads) {
  const Expr order = sorted(x);
  const Expr sums = cumsum(order);
  const Plan p = plan({column(order, 1), column(sums, 4), slice_columns(sums, 1, 3)});
  EXPECT_EQ(p.columns[sums.id()], 5u);
  EXPECT_EQ(p.columns[order.id()], 5u);
  EXPECT_EQ(plan({column(order, 1)}).columns[order.id()], 2u);
  EXPECT_EQ(plan({order}).columns[order.id()], 8u);
  EXPECT_EQ(plan({column(softmax(x), 1)}).columns[softmax(x).id()], 8u) << "is no prefix";
}

TEST_F(Planning, MakesNearestRowsASearchForTheRanksThatAreRead) {
  const Expr d = distances(50);
  const Expr nearest = over_rows(Over::smallest, d);
  const Plan p = plan({column(nearest, 4), select_columns(nearest, {9, 4})});
  const auto searches = steps_of<Plan::Search>(p);
  ASSERT_EQ(searches.size(), 1u);
  EXPECT_EQ(searches[0].node, nearest.id());
  EXPECT_EQ(searches[0].x, x.id());
  EXPECT_TRUE(steps_of<Plan::TileLoop>(p).empty());
  EXPECT_EQ(p.slot[d.id()], Plan::none) << "distances are not held";
  EXPECT_EQ(p.columns[nearest.id()], 10u);
  EXPECT_THAT(p.reads[nearest.id()],
              testing::UnorderedElementsAre(ColumnRange{4, 5}, ColumnRange{9, 10}));
}

TEST_F(Planning, JoinsTileLoopsThatDoNotNeedEachOther) {
  const Expr z = inner_products(x, random_matrix(3000, 8, 1));
  const Plan p = plan({over_rows(Over::sum, exp(z)), over_rows(Over::logsumexp, z)});
  const auto loops = steps_of<Plan::TileLoop>(p);
  ASSERT_EQ(loops.size(), 1u);
  EXPECT_EQ(loops[0].reductions.size(), 2u);
  EXPECT_EQ(loops[0].body.size(), 2u);
  EXPECT_EQ(loops[0].columns, 3000u);
  EXPECT_EQ(p.tile_slots, 2u) << "z is read by two, so exp may not overwrite it";
}

TEST_F(Planning, RunsATileLoopAfterTheLoopThatItNeeds) {
  const Expr z = inner_products(x, random_matrix(3000, 8, 1));
  const Expr total = over_rows(Over::logsumexp, z);
  const Expr weights = over_rows(Over::sum, exp(z - total));
  const Plan p = plan({weights});
  const auto loops = steps_of<Plan::TileLoop>(p);
  ASSERT_EQ(loops.size(), 2u);
  EXPECT_EQ(loops[0].reductions[0].node, total.id());
  EXPECT_EQ(loops[1].reductions[0].node, weights.id());
  EXPECT_EQ(loops[1].body.size(), 3u) << "z is computed again, tile by tile";
  EXPECT_EQ(p.tile_slots, 1u) << "each overwrites the one before";
}

TEST_F(Planning, KeepsValuesOfATileLoopApartFromThoseOfSteps) {
  const Expr z = inner_products(x, random_matrix(3000, 8, 1));
  const Plan p = plan({over_rows(Over::sum, z), row_max(z)});
  EXPECT_NE(p.slot[z.id()], Plan::none);
  ASSERT_EQ(steps_of<Plan::TileLoop>(p).size(), 1u);
  EXPECT_EQ(steps_of<Plan::TileLoop>(p)[0].body[0].node, z.id());
  EXPECT_EQ(steps_of<Plan::TileLoop>(p)[0].body[0].slot, 0u);
}

TEST_F(Planning, RefusesBodiesThatNeedWholeRows) {
  const Expr z = inner_products(x, random_matrix(30, 8, 1));
  EXPECT_THROW(plan({over_rows(Over::sum, z * softmax(z))}), Error);
}

}  // namespace
}  // namespace nescio::expr
