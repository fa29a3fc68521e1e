// Every operation through the executor of libtorch on random shapes, against the reference executor; and what
// holds for whole programs.
#include "expr_torch/torch_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include "base/error.h"
#include "base/threads.h"
#include "expr/test_agreement.h"
#include "expr_torch/test_device.h"

namespace nescio::expr {
namespace {

std::function<std::size_t(std::size_t)> always(std::size_t rows) {
  return [rows](std::size_t) { return rows; };
}

// One test for all of them: loading libtorch takes longer than most.
TEST(TorchOperations, AgreeWithTheReference) {
  const Executor executor = executor_under_test();
  for (const Case& c : all_cases()) {
    for (const std::size_t width : {1u, 2u, 3u, 17u, 100u}) {
      for (const std::size_t rows : {0u, 1u, 5u, 96u, 229u}) {
        for (const double spread : {1.0, 30.0})
          compare(c, c.build, width, spread, always(rows), executor);
      }
    }
  }
}

TEST(TorchOperations, AgreeInBlocksThatFollowFromTheShapes) {
  const Executor executor = torch_executor(test_device());
  for (const Case& c : all_cases()) compare(c, c.build, 5, 1.0, always(20), executor);
}

// Of inputs, which are read where they lie, it would not be seen.
TEST(TorchOperations, AgreeOnValuesOfSteps) {
  const Executor executor = executor_under_test();
  for (const Case& c : all_cases()) {
    const auto of_steps = [&](const Expr& x, const Expr& y) { return c.build(-(-x), -(-y)); };
    for (const std::size_t width : {1u, 5u, 17u})
      compare(c, of_steps, width, 1.0, always(40), executor);
  }
}

TEST(TorchOperations, AgreeInSmallTilesOfTablesOnTheHost) {
  const Executor executor = executor_under_test(
      TorchSettings{.block_rows = 64, .tile_values = 64 * 256, .resident_bytes = 64});
  for (const Case& c : all_cases()) {
    for (const std::size_t width : {3u, 17u}) compare(c, c.build, width, 1.0, always(70), executor);
  }
}

/// Expressions whose result on this batch must be that of the reference, infinities included.
void expect_as_reference(const std::vector<Expr>& expressions, const Batch& batch, std::size_t rows,
                         double tolerance) {
  for (const Expr& e : expressions) {
    const auto expected = run(Executor::reference, e, batch, rows);
    const auto found = run(executor_under_test(), e, batch, rows);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (std::isinf(expected[i])) {
        EXPECT_EQ(found[i], expected[i]);
      } else {
        EXPECT_NEAR(found[i], expected[i], tolerance * std::max(1.0, std::abs(expected[i])));
      }
    }
  }
}

TEST(TorchReductions, AreSafeForLogitsOfAnySize) {
  for (const double size : {1e4, -1e4}) {
    Values x(20, static_cast<float>(size));
    x[3] += 5;
    const Expr z = input(std::make_shared<Graph>(), "x", 10);
    expect_as_reference({logsumexp(z), log_odds(z), softmax(z), log_softmax(z)},
                        {{"x", {x.data(), 2, 10}}}, 2, 2e-6);
  }
}

TEST(TorchReductions, TreatInfinitiesOfIntermediateValuesAlike) {
  const Values x = {0, 1, 200, 0, 0, 0};
  const Expr z = input(std::make_shared<Graph>(), "x", 3);
  expect_as_reference(
      {row_max(log(z)), logsumexp(log(z)), exp(log(z) - 10.0), logaddexp(log(z), log(z)),
       min(log(z), 5.0), row_argmax(log(z)), sorted(log(z)), logsumexp(-log(z)),
       logsumexp_rest(log(z)), logsumexp_rest(-log(z)), row_sum(-log(z)), row_min(-log(z))},
      {{"x", {x.data(), 2, 3}}}, 2, 1e-5);
}

TEST(TorchOverRows, TreatsInfinitiesAsTheReferenceDoes) {
  const std::size_t bank = 2500;
  const Values x = {1, 2};
  const Expr one = input(std::make_shared<Graph>(), "x", 1);
  for (const std::size_t zero : {0u, 1500u, 2499u, 2500u, 2501u}) {
    Matrix table(bank, 1, 1.0);
    if (zero < bank) table.values[zero] = 0;
    if (zero == bank + 1) table.values.assign(bank, 0);
    const Expr z = log(abs(inner_products(one, table)));
    expect_as_reference(
        {over_rows(Over::logsumexp, z), over_rows(Over::logsumexp, -z), over_rows(Over::sum, z),
         over_rows(Over::sum, -z), column(over_rows(Over::smallest, z), 0),
         column(over_rows(Over::largest, -z), 1)},
        {{"x", {x.data(), 2, 1}}}, 2, 1e-5);
  }
}

TEST(TorchConstants, OfDoublesAreSubtractedAsDoubles) {
  const std::size_t rows = 50, width = 33;
  const Values x = random_values(rows * width, 1, 1, 1e5);
  Matrix mean(1, width);
  for (std::size_t c = 0; c < width; ++c) mean(0, c) = 1e5 + 1.0 / static_cast<double>(3 + c);
  const Expr h = input(std::make_shared<Graph>(), "x", width);
  for (const Expr& e : {h - mean, mean - h, h - 1e5 / 3, Matrix(1, width, -1e5 / 3) + h}) {
    const Batch batch{{"x", {x.data(), rows, width}}};
    const auto expected = run(Executor::reference, e, batch, rows);
    const auto found = run(executor_under_test(), e, batch, rows);
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_NEAR(found[i], expected[i], 1e-6 * std::abs(expected[i]));
    }
  }
}

class TorchProgramTest : public testing::Test {
 protected:
  static constexpr std::size_t rows = 700, width = 48, bank = 2500;
  Values features = random_values(rows * width, 1, 1);
  Batch batch{{"x", {features.data(), rows, width}}};

  static std::vector<Expr> scores() {
    const Expr x = input(std::make_shared<Graph>(), "x", width);
    const Expr unit = x / l2_norm(x);
    return {
        row_min(
            squared_distances(matmul(x, random_matrix(width, 60, 2)), random_matrix(10, 60, 3))),
        column(over_rows(Over::smallest, squared_distances(unit, random_matrix(bank, width, 4))),
               9),
        over_rows(Over::sum, max(inner_products(unit, random_matrix(bank, width, 4)), 0.0)),
        -logsumexp(x),
        column(cumsum(sorted(x, Sort::descending)), 20),
        slice_columns(x, 1, 2),
        column(x, 0) * 0.0 + constant(x.graph(), 7)};
  }

  std::vector<Values> run_all(const Program& program, std::size_t first, std::size_t count) const {
    std::vector<Values> out(scores().size(), Values(count));
    std::vector<Output> outputs;
    for (Values& v : out) outputs.emplace_back(v.data());
    program.run({{"x", batch.at("x").slice(first, count)}}, outputs);
    return out;
  }
};

TEST_F(TorchProgramTest, BitsDoNotDependOnHowRowsAreRead) {
  const auto program = compile(scores(), executor_under_test());
  const auto all = run_all(*program, 0, rows);
  for (const std::size_t step : {program->block_rows(), 3 * program->block_rows()}) {
    for (std::size_t first = 0; first < rows; first += step) {
      const std::size_t count = std::min(step, rows - first);
      const auto part = run_all(*program, first, count);
      for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_TRUE(std::equal(part[i].begin(), part[i].end(),
                               all[i].begin() + static_cast<std::ptrdiff_t>(first)))
            << "output " << i << " from row " << first;
      }
    }
  }
}

TEST_F(TorchProgramTest, TilesAndPlacesOfTablesChangeRoundingOnly) {
  const auto whole = run_all(*compile(scores(), executor_under_test()), 0, rows);
  const TorchSettings tiles{.block_rows = 96, .tile_values = 96 * 512, .resident_bytes = 1000};
  const auto found = run_all(*compile(scores(), executor_under_test(tiles)), 0, rows);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (std::size_t r = 0; r < rows; ++r) {
      ASSERT_NEAR(found[i][r], whole[i][r], 2e-6 * std::max(1.0F, std::abs(whole[i][r])))
          << "output " << i;
    }
  }
}

TEST_F(TorchProgramTest, MayRunInSeveralThreadsAtOnce) {
  const auto program = compile(scores(), executor_under_test());
  const auto expected = run_all(*program, 0, rows);
  std::vector<std::vector<Values>> found(3);
  std::vector<std::thread> threads;
  for (auto& out : found) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2; ++i) out = run_all(*program, 0, rows);
    });
  }
  for (std::thread& t : threads) t.join();
  for (const auto& out : found) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      for (std::size_t r = 0; r < rows; ++r) {
        ASSERT_NEAR(out[i][r], expected[i][r], 1e-6 * std::max(1.0F, std::abs(expected[i][r])));
      }
    }
  }
}

TEST_F(TorchProgramTest, ReadsRowsApartFromOneAnother) {
  const Expr x = input(std::make_shared<Graph>(), "x", 16);
  const MatrixView apart(features.data() + 5, rows, 16, width);
  const Batch part{{"x", apart}};
  const auto found = run(executor_under_test(), concat({row_sum(x), x}), part, rows);
  for (std::size_t r = 0; r < rows; ++r) {
    double sum = 0;
    for (std::size_t c = 0; c < 16; ++c) {
      sum += apart(r, c);
      ASSERT_EQ(found[r * 17 + 1 + c], apart(r, c));
    }
    ASSERT_NEAR(found[r * 17], sum, 1e-5);
  }
}

TEST(TorchBadInput, IsRefusedWithItsPlace) {
  const Expr x = input(std::make_shared<Graph>(), "logits", 3);
  Values values(3 * 200, 1);
  std::vector<double> out(200);
  const auto program = compile({row_max(x)}, executor_under_test());
  const auto message = [&](const Batch& batch) -> std::string {
    try {
      program->run(batch, {out.data()});
    } catch (const Error& e) {
      return e.what();
    }
    return "accepted";
  };
  const Batch batch{{"logits", {values.data(), 200, 3}}};
  values[3 * 150 + 1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(message(batch), testing::HasSubstr("logits: row 150, column 1 is nan"));
  values[3 * 150 + 1] = -std::numeric_limits<float>::infinity();
  EXPECT_THAT(message(batch), testing::HasSubstr("row 150, column 1 is -inf"));
  values[3 * 150 + 1] = 0;
  EXPECT_THAT(message({{"logits", {values.data(), 300, 2}}}),
              testing::HasSubstr("expected [N, 3], found [300, 2]"));
  EXPECT_THAT(message({}), testing::HasSubstr("no 'logits'"));
  EXPECT_EQ(message(batch), "accepted");
  values[7] = std::numeric_limits<float>::infinity();
  EXPECT_NO_THROW(program->run(batch, {out.data()}, InputCheck::none));
  EXPECT_TRUE(std::isinf(out[2]));
}

TEST(TorchDevice, ThatIsNotThereIsRefused) {
  EXPECT_THROW(torch_executor("cuda:99"), Error);
  EXPECT_THROW(torch_executor("abacus"), UsageError);
  EXPECT_EQ(torch_executor("cpu").name, "torch");
}

}  // namespace
}  // namespace nescio::expr
