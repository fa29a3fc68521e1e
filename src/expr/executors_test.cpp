// Every operation through every executor on random shapes: the reference executor against plain
// formulas written here, the CPU executor against the reference executor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"
#include "base/rng.h"
#include "base/threads.h"
#include "expr/program.h"

namespace nescio {
namespace {

using Values = std::vector<float>;

Values random_values(std::size_t count, std::uint64_t seed, double spread) {
  Rng rng(seed);
  Values out(count);
  for (float& v : out) v = static_cast<float>(spread * rng.normal());
  // Ties: every fifth value repeats the one before.
  for (std::size_t i = 4; i < count; i += 5) out[i] = out[i - 1];
  return out;
}

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  Matrix m(rows, cols);
  Rng rng(seed);
  for (double& v : m.values) v = rng.normal();
  return m;
}

std::vector<double> run(Executor executor, const Expr& e, const Batch& batch, std::size_t rows) {
  std::vector<double> out(rows * e.width());
  compile({e}, executor)->run(batch, {out.data()});
  return out;
}

struct Case {
  std::string name;
  std::function<Expr(Expr x, Expr y)> build;  // x, y [B, w]
  double tolerance = 1e-6;                    // of the largest reference value
  bool positive = false;                      // inputs made >= 0.1
  std::size_t min_width = 1;
};

Matrix ascending_row(std::size_t count) {
  Matrix m(1, count);
  for (std::size_t i = 0; i < count; ++i) m.values[i] = -2 + 0.37 * static_cast<double>(i);
  return m;
}

Groups thirds(std::size_t width) {
  const auto w = static_cast<std::int64_t>(width);
  return {0, 1, 1 + (w - 1) / 2, w};
}

std::vector<Case> cases() {
  const auto table = [](const Expr& x, std::size_t n) { return random_matrix(n, x.width(), 7); };
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
      {"row_sum", [](Expr x, Expr) { return row_sum(x); }, 3e-6},
      {"row_mean", [](Expr x, Expr) { return row_mean(x); }, 3e-6},
      {"row_max", [](Expr x, Expr) { return row_max(x); }, 0},
      {"row_min", [](Expr x, Expr) { return row_min(x); }, 0},
      {"row_argmax", [](Expr x, Expr) { return row_argmax(x); }, 0},
      {"logsumexp", [](Expr x, Expr) { return logsumexp(x); }},
      {"logsumexp_rest", [](Expr x, Expr) { return logsumexp_rest(x); }, 1e-6, false, 2},
      {"log_odds", [](Expr x, Expr) { return log_odds(x); }, 1e-6, false, 2},
      {"l1_norm", [](Expr x, Expr) { return l1_norm(x); }, 3e-6},
      {"l2_norm", [](Expr x, Expr) { return l2_norm(x); }},
      {"row_sum in groups", [](Expr x, Expr) { return row_sum(x, thirds(x.width())); }, 3e-6, false,
       4},
      {"row_max in groups", [](Expr x, Expr) { return row_max(x, thirds(x.width())); }, 0, false,
       4},
      {"argmax in groups", [](Expr x, Expr) { return row_argmax(x, thirds(x.width())); }, 0, false,
       4},
      {"logsumexp in groups", [](Expr x, Expr) { return logsumexp(x, thirds(x.width())); }, 1e-6,
       false, 4},
      {"softmax", [](Expr x, Expr) { return softmax(x); }},
      {"log_softmax", [](Expr x, Expr) { return log_softmax(x); }},
      {"cumsum", [](Expr x, Expr) { return cumsum(x); }},
      {"sorted", [](Expr x, Expr) { return sorted(x); }, 0},
      {"sorted descending", [](Expr x, Expr) { return sorted(x, Sort::descending); }, 0},
      {"sorted prefix",
       [](Expr x, Expr) { return slice_columns(sorted(x), 0, (x.width() + 1) / 2); }, 0},
      {"sum of the largest",
       [](Expr x, Expr) { return column(cumsum(sorted(x, Sort::descending)), x.width() / 2); }},
      {"rank", [](Expr x, Expr) { return rank(x); }, 0},
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
         return over_rows(Over::sum, where(a > 0.3, a * b, a - row_max(y)));
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

class Operation : public testing::TestWithParam<Case> {};

TEST_P(Operation, CpuAgreesWithReference) {
  const Case& c = GetParam();
  std::uint64_t seed = 1;
  for (const std::size_t width : {1u, 2u, 3u, 10u, 17u, 100u}) {
    for (const std::size_t rows : {0u, 1u, 5u, 300u}) {
      for (const double spread : {1.0, 30.0}) {
        if (width < c.min_width) continue;
        SCOPED_TRACE(text(c.name, " width ", width, " rows ", rows, " spread ", spread));
        auto x = random_values(rows * width, ++seed, spread);
        auto y = random_values(rows * width, ++seed, spread);
        if (c.positive) {
          for (auto* v : {&x, &y}) {
            for (float& f : *v) f = std::abs(f) + 0.1f;
          }
        }
        const Batch batch{{"x", {x.data(), rows, width}}, {"y", {y.data(), rows, width}}};
        const auto graph = std::make_shared<Graph>();
        const Expr e = c.build(input(graph, "x", width), input(graph, "y", width));
        const auto expected = run(Executor::reference, e, batch, rows);
        const auto found = run(Executor::cpu, e, batch, rows);
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
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Operation, testing::ValuesIn(cases()), [](const auto& info) {
  std::string name = info.param.name;
  std::ranges::replace_if(
      name, [](char ch) { return !std::isalnum(static_cast<unsigned char>(ch)); }, '_');
  return name;
});

TEST(Operations, EveryOneIsDrivenByACase) {
  std::vector<bool> seen(op_count, false);
  for (const Case& c : cases()) {
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

TEST(Executors, AreSafeForLogitsOfAnySize) {
  for (const double size : {1e4, -1e4}) {
    Values x(20, static_cast<float>(size));
    x[3] += 5;
    const Batch batch{{"x", {x.data(), 2, 10}}};
    const auto graph = std::make_shared<Graph>();
    const Expr z = input(graph, "x", 10);
    for (const Expr& e : {logsumexp(z), log_odds(z), softmax(z), log_softmax(z)}) {
      const auto expected = run(Executor::reference, e, batch, 2);
      const auto found = run(Executor::cpu, e, batch, 2);
      for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_TRUE(std::isfinite(expected[i]));
        EXPECT_NEAR(found[i], expected[i], 2e-6 * std::max(1.0, std::abs(expected[i])));
      }
    }
  }
}

TEST(Executors, TreatInfinitiesOfIntermediateValuesAlike) {
  const Values x = {0, 1, 200, 0, 0, 0};
  const Batch batch{{"x", {x.data(), 2, 3}}};
  const auto graph = std::make_shared<Graph>();
  const Expr z = input(graph, "x", 3);
  // log 0 = -inf; exp(200) is beyond float, so it is asked for only where both can hold it.
  for (const Expr& e :
       {row_max(log(z)), logsumexp(log(z)), exp(log(z) - 10.0), logaddexp(log(z), log(z)),
        min(log(z), 5.0), row_argmax(log(z)), sorted(log(z))}) {
    const auto expected = run(Executor::reference, e, batch, 2);
    const auto found = run(Executor::cpu, e, batch, 2);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (std::isinf(expected[i])) {
        EXPECT_EQ(found[i], expected[i]);
      } else {
        EXPECT_NEAR(found[i], expected[i], 1e-5);
      }
    }
  }
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

TEST(BadInput, IsRefusedWithItsPlace) {
  const auto graph = std::make_shared<Graph>();
  const Expr x = input(graph, "logits", 3);
  Values values(6, 1);
  double out[2];
  for (const Executor executor : {Executor::reference, Executor::cpu}) {
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
