// Every operation through every executor on random shapes, the CPU executor against the reference executor,
// which the tests of families check against plain formulas; and what holds for whole programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/threads.h"
#include "expr/single_rows.h"
#include "expr/test_agreement.h"

namespace nescio::expr {
namespace {

class Operation : public testing::TestWithParam<Case> {};

TEST_P(Operation, CpuAgreesWithReference) {
  for (const std::size_t width : {1u, 2u, 3u, 10u, 17u, 100u}) {
    for (const std::size_t rows : {0u, 1u, 5u, 300u}) {
      for (const double spread : {1.0, 30.0}) {
        compare(GetParam(), GetParam().build, width, spread, [=](std::size_t) { return rows; });
      }
    }
  }
}

TEST_P(Operation, AgreesInEveryBlockOfRows) {
  for (const std::size_t width : {1u, 5u}) {
    compare(GetParam(), GetParam().build, width, 1.0,
            [](std::size_t block) { return 2 * block + 37; });
  }
}

TEST_P(Operation, SingleRowsAgreeWithReference) {
  for (const std::size_t width : {1u, 3u, 17u, 100u}) {
    const auto rows = [](std::size_t) { return 5; };
    compare(GetParam(), GetParam().build, width, 1.0, rows, single_rows);
    const auto of_steps = [&](const Expr& x, const Expr& y) {
      return GetParam().build(-(-x), -(-y));
    };
    compare(GetParam(), of_steps, width, 1.0, rows, single_rows);
  }
}

// Of inputs, which are nobody's to overwrite, it would not be seen.
TEST_P(Operation, MayOverwriteArgumentsThatNobodyReadsAnyMore) {
  const Case& c = GetParam();
  for (const std::size_t width : {1u, 5u, 17u}) {
    const auto of_steps = [&](const Expr& x, const Expr& y) { return c.build(-(-x), -(-y)); };
    compare(c, of_steps, width, 1.0, [](std::size_t) { return 40; });
  }
}

INSTANTIATE_TEST_SUITE_P(All, Operation, testing::ValuesIn(all_cases()), [](const auto& info) {
  std::string name = info.param.name;
  std::ranges::replace_if(
      name, [](char ch) { return !std::isalnum(static_cast<unsigned char>(ch)); }, '_');
  return name;
});

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

TEST_F(Determinism, BitsOfASingleRowDependOnItAlone) {
  const auto program = compile(scores(), single_rows);
  const auto together = run_all(*program, 0, 40);
  const auto in_blocks = run_all(*compile(scores(), Executor::cpu), 0, 40);
  const int before = thread_count();
  set_thread_count(3);
  for (std::size_t r = 0; r < 40; ++r) {
    const auto alone = run_all(*program, r, 1);
    for (std::size_t i = 0; i < alone.size(); ++i) {
      EXPECT_EQ(alone[i][0], together[i][r]);
      const auto [low, high] = std::ranges::minmax(in_blocks[i]);
      EXPECT_NEAR(alone[i][0], in_blocks[i][r], 1e-6 * (high - low));
    }
  }
  set_thread_count(before);
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

// A table of this size is searched with bounds from some thousand rows on; by single rows at once. About the means of
// classes these are of few directions, too.
class Search : public testing::TestWithParam<std::size_t> {};

TEST_P(Search, GivesTheSameBitsBeforeBoundsPayAndAfter) {
  constexpr std::size_t bank = 8192, width = 64, many = 1200, few = 3;
  const std::size_t classes = GetParam();
  const Matrix means = random_matrix(classes, width, 6);
  const auto move = [&](auto& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] += static_cast<std::remove_reference_t<decltype(values[i])>>(
          5 * means(i / width % classes, i % width));
    }
  };
  Matrix rows = random_matrix(bank, width, 7);
  auto x = random_values(many * width, 8, 1);
  move(rows.values);
  move(x);
  const auto graph = std::make_shared<Graph>();
  const Expr e = over_rows(Over::smallest,
                           squared_distances(input(graph, "x", width), Table(std::move(rows))));
  const Expr nearest = concat({column(e, 0), column(e, 9)});
  const auto program = compile({nearest}, Executor::cpu);
  const auto first = [&](const Program& of, std::size_t rows) {
    std::vector<double> out(2 * rows);
    of.run({{"x", {x.data(), rows, width}}}, {out.data()});
    out.resize(2 * few);
    return out;
  };
  const auto before = first(*program, few);
  EXPECT_EQ(first(*program, many), before);
  EXPECT_EQ(first(*program, few), before);
  EXPECT_EQ(first(*compile({nearest}, single_rows), few), before);
}
INSTANTIATE_TEST_SUITE_P(All, Search, testing::Values(1, 20));

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
  for (const Executor& executor : {Executor::reference, Executor::cpu, single_rows}) {
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

}  // namespace
}  // namespace nescio::expr
