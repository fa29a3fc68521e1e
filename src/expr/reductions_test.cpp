// Reductions over the columns of a row, softmax and cumulative sums.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <cmath>

#include "base/error.h"
#include "expr/test_operations.h"

namespace nescio::expr {

std::vector<Case> reduction_cases() {
  return {
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
      {"sum_of_squares", [](Expr x, Expr) { return sum_of_squares(x); }},
      {"sum_of_squares in groups",
       [](Expr x, Expr) { return sum_of_squares(x, thirds(x.width())); }, 1e-6, false, 4},
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
  };
}

namespace {

using testing::DoubleEq;
using testing::ElementsAre;

TEST(Reductions, AreWhatTheirFormulasSay) {
  const HandRow value;
  const Expr& x = value.x;
  const double lse = std::log(std::exp(1.0) + 2 * std::exp(3.0) + std::exp(-2.0));
  const double rest = std::log(std::exp(1.0) + std::exp(3.0) + std::exp(-2.0));
  EXPECT_THAT(value(logsumexp(x)), ElementsAre(DoubleEq(lse)));
  EXPECT_THAT(value(logsumexp_rest(x)), ElementsAre(DoubleEq(rest)));
  EXPECT_THAT(value(log_odds(x)), ElementsAre(DoubleEq(rest - 3)));
  EXPECT_NEAR(value(softmax(x))[2], std::exp(-2.0 - lse), 1e-15);
  EXPECT_NEAR(value(log_softmax(x))[2], -2.0 - lse, 1e-15);
  EXPECT_THAT(value(row_argmax(x)), ElementsAre(1));
  EXPECT_THAT(value(row_mean(x)), ElementsAre(1.25));
  EXPECT_THAT(value(l1_norm(x)), ElementsAre(9));
  EXPECT_THAT(value(l2_norm(x)), ElementsAre(DoubleEq(std::sqrt(23.0))));
  EXPECT_THAT(value(sum_of_squares(x)), ElementsAre(23));
  EXPECT_THAT(value(row_sum(x, {0, 1, 4})), ElementsAre(1, 4));
  EXPECT_THAT(value(cumsum(x)), ElementsAre(1, 4, 2, 5));
}

TEST(Reductions, RefuseGroupsThatDoNotRiseToTheWidth) {
  const HandRow value;
  EXPECT_THROW(row_sum(value.x, {0, 2, 2, 4}), Error);
  EXPECT_THROW(row_sum(value.x, {0, 2}), Error);
}

TEST(Reductions, AreSafeForLogitsOfAnySize) {
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

TEST(Reductions, TreatInfinitiesOfIntermediateValuesAlike) {
  const Values x = {0, 1, 200, 0, 0, 0};
  const Batch batch{{"x", {x.data(), 2, 3}}};
  const auto graph = std::make_shared<Graph>();
  const Expr z = input(graph, "x", 3);
  // log 0 = -inf; exp(200) is beyond float, so it is asked for only where both can hold it.
  for (const Expr& e :
       {row_max(log(z)), logsumexp(log(z)), exp(log(z) - 10.0), logaddexp(log(z), log(z)),
        min(log(z), 5.0), row_argmax(log(z)), sorted(log(z)), logsumexp(-log(z)),
        logsumexp_rest(log(z)), logsumexp_rest(-log(z)), row_sum(-log(z)), row_min(-log(z))}) {
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

}  // namespace
}  // namespace nescio::expr
