// Every operation through every executor on random shapes: the reference executor against plain
// formulas written here, the CPU executor against the reference executor; and what holds for whole
// programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/threads.h"
#include "expr/test_operations.h"

namespace nescio {
namespace {

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const auto& family :
       {arithmetic_cases(), reduction_cases(), order_cases(), table_cases(), tile_cases()}) {
    all.insert(all.end(), family.begin(), family.end());
  }
  return all;
}

class Operation : public testing::TestWithParam<Case> {};

// `rows` of the program's rows of a block.
void compare(const Case& c, std::size_t width, double spread,
             const std::function<std::size_t(std::size_t block)>& rows_for) {
  if (width < c.min_width) return;
  const auto graph = std::make_shared<Graph>();
  const Expr e = c.build(input(graph, "x", width), input(graph, "y", width));
  const auto program = compile({e}, Executor::cpu);
  const std::size_t rows = rows_for(program->block_rows());
  SCOPED_TRACE(text(c.name, " width ", width, " rows ", rows, " spread ", spread));
  auto x = random_values(rows * width, width + rows, spread);
  auto y = random_values(rows * width, width + rows + 1, spread);
  if (c.positive) {
    for (auto* v : {&x, &y}) {
      for (float& f : *v) f = std::abs(f) + 0.1f;
    }
  }
  const Batch batch{{"x", {x.data(), rows, width}}, {"y", {y.data(), rows, width}}};
  const auto expected = run(Executor::reference, e, batch, rows);
  std::vector<double> found(expected.size());
  program->run(batch, {found.data()});
  double largest = 1e-30;
  for (const double v : expected) {
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  }
  // A distance or a sum cannot be better than its terms.
  const double scale = c.tolerance * std::max(largest, spread > 1 ? spread : 1.0);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (std::abs(expected[i]) > 1e38) continue;  // beyond float
    ASSERT_NEAR(found[i], expected[i], scale) << "element " << i;
  }
}

TEST_P(Operation, CpuAgreesWithReference) {
  for (const std::size_t width : {1u, 2u, 3u, 10u, 17u, 100u}) {
    for (const std::size_t rows : {0u, 1u, 5u, 300u}) {
      for (const double spread : {1.0, 30.0}) {
        compare(GetParam(), width, spread, [=](std::size_t) { return rows; });
      }
    }
  }
}

TEST_P(Operation, AgreesInEveryBlockOfRows) {
  for (const std::size_t width : {1u, 5u}) {
    compare(GetParam(), width, 1.0, [](std::size_t block) { return 2 * block + 37; });
  }
}

INSTANTIATE_TEST_SUITE_P(All, Operation, testing::ValuesIn(all_cases()), [](const auto& info) {
  std::string name = info.param.name;
  std::ranges::replace_if(
      name, [](char ch) { return !std::isalnum(static_cast<unsigned char>(ch)); }, '_');
  return name;
});

TEST(Operations, EveryOneIsDrivenByACase) {
  std::vector<bool> seen(op_count, false);
  for (const Case& c : all_cases()) {
    const auto graph = std::make_shared<Graph>();
    c.build(input(graph, "x", 10), input(graph, "y", 10));
    for (NodeId id = 0; id < graph->size(); ++id)
      seen[static_cast<std::size_t>(graph->node(id).op)] = true;
  }
  for (std::size_t i = 0; i < op_count; ++i)
    EXPECT_TRUE(seen[i]) << op_table[i].name << " has no case";
}

// Literal formulas on one row, so that the oracle itself is checked.
TEST(Reference, AgreesWithHandValues) {
  const Values x = {1, 3, -2, 3};
  const Batch batch{{"x", {x.data(), 1, 4}}};
  const auto graph = std::make_shared<Graph>();
  const Expr e = input(graph, "x", 4);
  const auto value = [&](const Expr& expr) { return run(Executor::reference, expr, batch, 1); };
  using testing::DoubleEq;
  using testing::ElementsAre;
  const double lse = std::log(std::exp(1.0) + 2 * std::exp(3.0) + std::exp(-2.0));
  EXPECT_THAT(value(logsumexp(e)), ElementsAre(DoubleEq(lse)));
  EXPECT_NEAR(value(logsumexp_rest(e))[0], std::log(std::exp(1.0) + std::exp(3.0) + std::exp(-2.0)),
              1e-15);
  EXPECT_NEAR(value(softmax(e))[2], std::exp(-2.0 - lse), 1e-15);
  EXPECT_THAT(value(row_argmax(e)), ElementsAre(1));
  EXPECT_THAT(value(rank(e)), ElementsAre(1, 2, 0, 3));
  EXPECT_THAT(value(sorted(e, Sort::descending)), ElementsAre(3, 3, 1, -2));
  EXPECT_THAT(value(cumsum(e)), ElementsAre(1, 4, 2, 5));
  EXPECT_THAT(value(row_mean(e)), ElementsAre(1.25));
  EXPECT_THAT(value(l1_norm(e)), ElementsAre(9));
  EXPECT_THAT(value(l2_norm(e)), ElementsAre(DoubleEq(std::sqrt(23.0))));
  EXPECT_THAT(value(row_sum(e, {0, 1, 4})), ElementsAre(1, 4));
  EXPECT_THAT(value(ecdf(e, Matrix(1, 4, {-2, 1, 1, 5}))), ElementsAre(0.75, 0.75, 0.25, 0.75));
  EXPECT_THAT(value(row_histogram(e, Matrix(1, 3, {-2, 1, 3}))), ElementsAre(1, 3));
  EXPECT_THAT(value(bucketize(e, Matrix(2, 4, {0, 3, -3, 4, 1, 4, -1, 5}))),
              ElementsAre(2, 1, 1, 0));
  EXPECT_THAT(value(matmul(e, Matrix(4, 2, {1, 0, 0, 1, 1, 1, 2, 0}))), ElementsAre(5, 1));
  EXPECT_THAT(value(inner_products(e, Matrix(2, 4, {1, 0, 1, 2, 0, 1, 1, 0}))), ElementsAre(5, 1));
  EXPECT_THAT(value(squared_distances(e, Matrix(1, 4, {0, 3, 0, 0}))), ElementsAre(1 + 0 + 4 + 9));
  EXPECT_THAT(value(gather_columns(e, rank(e))), ElementsAre(3, -2, 1, 3));
  EXPECT_THAT(value(select_columns(e, {2, 0})), ElementsAre(-2, 1));
  EXPECT_THAT(value(logaddexp(column(e, 0), column(e, 1))),
              ElementsAre(DoubleEq(std::log(std::exp(1.0) + std::exp(3.0)))));
  EXPECT_THAT(
      value(over_rows(Over::largest,
                      inner_products(e, Matrix(3, 4, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0})))),
      ElementsAre(3, 1, -2));
}

class Determinism : public testing::Test {
 protected:
  static constexpr std::size_t rows = 3000, width = 96, bank = 2500;
  Values features = random_values(rows * width, 1, 1);
  Batch batch{{"x", {features.data(), rows, width}}};

  static std::vector<Expr> scores() {
    const auto graph = std::make_shared<Graph>();
    const Expr x = input(graph, "x", width);
    const Expr unit = x / l2_norm(x);
    return {
        row_min(
            squared_distances(matmul(x, random_matrix(width, 60, 2)), random_matrix(10, 60, 3))),
        column(over_rows(Over::smallest, squared_distances(unit, random_matrix(bank, width, 4))),
               9),
        over_rows(Over::sum, max(inner_products(unit, random_matrix(bank, width, 4)), 0.0)),
        -logsumexp(x), column(cumsum(sorted(x, Sort::descending)), 20)};
  }

  std::vector<Values> run_all(const Program& program, std::size_t first, std::size_t count) const {
    std::vector<Values> out(5, Values(count));
    std::vector<Output> outputs;
    for (Values& v : out) outputs.emplace_back(v.data());
    program.run({{"x", batch.at("x").slice(first, count)}}, outputs);
    return out;
  }
};

TEST_F(Determinism, BitsDoNotDependOnThreads) {
  const auto program = compile(scores(), Executor::cpu);
  const int before = thread_count();
  set_thread_count(1);
  const auto one = run_all(*program, 0, rows);
  for (const int threads : {2, 3, 7}) {
    set_thread_count(threads);
    EXPECT_EQ(run_all(*program, 0, rows), one) << threads << " threads";
  }
  set_thread_count(before);
}

TEST_F(Determinism, BitsDoNotDependOnHowRowsAreRead) {
  const auto program = compile(scores(), Executor::cpu);
  const auto all = run_all(*program, 0, rows);
  for (const std::size_t blocks : {1u, 3u}) {
    const std::size_t step = blocks * program->block_rows();
    for (std::size_t first = 0; first < rows; first += step) {
      const std::size_t count = std::min(step, rows - first);
      const auto part = run_all(*program, first, count);
      for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_TRUE(std::equal(part[i].begin(), part[i].end(),
                               all[i].begin() + static_cast<std::ptrdiff_t>(first)));
      }
    }
  }
}

TEST_F(Determinism, OneProgramGivesTheSameAsMany) {
  const auto together = run_all(*compile(scores(), Executor::cpu), 0, rows);
  const auto list = scores();
  for (std::size_t i = 0; i < list.size(); ++i) {
    Values alone(rows);
    compile({list[i]}, Executor::cpu)->run(batch, {alone.data()});
    const auto [low, high] = std::ranges::minmax(alone);
    for (std::size_t r = 0; r < rows; ++r)
      ASSERT_NEAR(alone[r], together[i][r], 1e-6 * (high - low));
  }
}

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

TEST(Executors, MadeElsewhereArePassedInAsValues) {
  std::size_t compiled = 0;
  const Executor counting{"counting", "the reference, counted", Precision::float64,
                          [&](const std::vector<Expr>& outputs) {
                            ++compiled;
                            return compile_reference(outputs);
                          }};
  const auto graph = std::make_shared<Graph>();
  const Values x = {1, 2};
  EXPECT_THAT(run(counting, row_sum(input(graph, "x", 2)), {{"x", {x.data(), 1, 2}}}, 1),
              testing::ElementsAre(3));
  EXPECT_EQ(compiled, 1u);
  EXPECT_EQ(counting.with_type([](auto zero) { return sizeof zero; }), sizeof(double));
  EXPECT_EQ(Executor::cpu.with_type([](auto zero) { return sizeof zero; }), sizeof(float));
}

TEST(BadInput, IsRefusedWithItsPlace) {
  const auto graph = std::make_shared<Graph>();
  const Expr x = input(graph, "logits", 3);
  Values values(6, 1);
  double out[2];
  for (const Executor& executor : {Executor::reference, Executor::cpu}) {
    const auto program = compile({row_max(x)}, executor);
    const auto message = [&](const Batch& batch) -> std::string {
      try {
        program->run(batch, {out});
      } catch (const Error& e) {
        return e.what();
      }
      return "accepted";
    };
    values[4] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THAT(message({{"logits", {values.data(), 2, 3}}}),
                testing::HasSubstr("logits: row 1, column 1 is nan"));
    values[4] = std::numeric_limits<float>::infinity();
    EXPECT_THAT(message({{"logits", {values.data(), 2, 3}}}), testing::HasSubstr("is inf"));
    values[4] = 0;
    EXPECT_THAT(message({{"logits", {values.data(), 3, 2}}}),
                testing::HasSubstr("expected [N, 3], found [3, 2]"));
    EXPECT_THAT(message({}), testing::HasSubstr("no 'logits'"));
    EXPECT_EQ(message({{"logits", {values.data(), 2, 3}}}), "accepted");
  }
}

TEST(BadExpressions, AreRefused) {
  const auto graph = std::make_shared<Graph>();
  const Expr x = input(graph, "x", 4);
  const Expr y = input(graph, "y", 3);
  EXPECT_THROW(x + y, Error);
  EXPECT_THROW(x + Matrix(2, 4), Error);
  EXPECT_THROW(matmul(x, Matrix(3, 4)), Error);
  EXPECT_THROW(inner_products(x, Matrix(3, 3)), Error);
  EXPECT_THROW(slice_columns(x, 2, 5), Error);
  EXPECT_THROW(select_columns(x, {4}), Error);
  EXPECT_THROW(take_row(Matrix(4, 2), row_max(x)), Error);
  EXPECT_THROW(where(x, x, x), Error);
  EXPECT_THROW(row_sum(x, {0, 2, 2, 4}), Error);
  EXPECT_THROW(ecdf(x, Matrix(1, 2, {1, 0})), Error);
  EXPECT_THROW(over_rows(Over::sum, softmax(x)), Error);
  EXPECT_THROW(
      compile({over_rows(Over::sum, x * inner_products(x, Matrix(4, 4, 1)))}, Executor::cpu),
      Error);
  EXPECT_THROW(x + input(std::make_shared<Graph>(), "x", 4), Error);
}

}  // namespace
}  // namespace nescio
