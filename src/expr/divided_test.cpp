#include "expr/divided.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/rng.h"
#include "base/test_communicator.h"
#include "io/test_folder.h"

namespace nescio::expr {
namespace {

constexpr std::size_t width = 8, bank_rows = 3000, query_rows = 700;

std::vector<float> random_floats(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(rng.normal());
  return values;
}

/// Scores of rows by what they have to do with those of a bank.
struct Scores {
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();
  Expr x = input(graph, "x", width);
  std::vector<float> of_bank = [] {
    auto values = random_floats(bank_rows * width, 1);
    // Ties, within a share and across shares.
    for (std::size_t r : {7u, 1500u, 2999u}) std::copy_n(values.data(), width, &values[r * width]);
    return values;
  }();
  Array bank{{bank_rows, width}, std::vector<float>(of_bank)};
  Expr nearest = over_rows(Over::smallest, squared_distances(x, bank));
  Expr farthest = over_rows(Over::largest, squared_distances(x, bank.slice(0, 1100)));
  Expr similar = inner_products(x, bank);

  /// What is as with one process, bit for bit.
  std::vector<Expr> exact() const {
    const Matrix turned(width, width, 0.25);
    const Expr products = over_rows(Over::largest, similar);
    const Expr weighted = over_rows(Over::smallest, similar * constant(graph, weights()));
    const Expr few =
        over_rows(Over::smallest, squared_distances(matmul(x, turned), bank.slice(0, 3)));
    return {column(nearest, 0),
            sqrt(column(nearest, 49)) + logsumexp(x),
            column(cumsum(nearest), 9) / 10.0,
            row_mean(slice_columns(farthest, 2, 5)),
            row_mean(slice_columns(products, 0, 100)),
            slice_columns(weighted, 0, 3),
            row_sum(few),
            x};
  }
  /// What is added up.
  std::vector<Expr> rounded() const {
    const Expr none = constant(graph, -std::numeric_limits<double>::infinity());
    const Expr of_class = constant(graph, weights()) > row_max(x);
    return {over_rows(Over::sum, max(similar, 0.0) * inner_products(x, bank)),
            over_rows(Over::sum, matmul(x, Matrix(width, bank_rows, 0.5)) + similar),
            over_rows(Over::logsumexp, where(of_class, similar, none))};
  }
  /// [1, bank_rows], of which the last ones are smaller.
  static Matrix weights() {
    Matrix out(1, bank_rows);
    for (std::size_t c = 0; c < bank_rows; ++c) out.values[c] = 3.0 / (1.0 + double(c / 700));
    return out;
  }
};

template <class T>
std::vector<std::vector<T>> run(const std::vector<Expr>& outputs, const Executor& executor,
                                std::size_t count) {
  const std::vector<float> x = random_floats(query_rows * width, 2);
  std::vector<std::vector<T>> values;
  std::vector<Output> to;
  for (const Expr& e : outputs) values.emplace_back(count * e.width());
  for (auto& of : values) to.emplace_back(of.data());
  compile(outputs, executor)->run({{"x", {x.data(), count, width}}}, to);
  return values;
}

TEST(Divided, FindsWhatOneProcessFinds) {
  for (const std::size_t count : {query_rows, std::size_t{1}, std::size_t{0}}) {
    const auto one = run<float>(Scores().exact(), Executor::cpu, count);
    for (const int size : {2, 3, 5}) {
      PlayedProcesses::run(size, [&](Communicator& processes) {
        const Executor executor = divided(Executor::cpu, processes);
        EXPECT_EQ(run<float>(Scores().exact(), executor, count), one) << size << ' ' << count;
      });
    }
  }
}

TEST(Divided, AddsUpToRounding) {
  for (const Executor& executor : {Executor::cpu, Executor::reference}) {
    const auto outputs = [](const Scores& scores) {
      auto all = scores.rounded();
      const auto exact = scores.exact();
      all.insert(all.end(), exact.begin(), exact.end());
      return all;
    };
    constexpr std::size_t count = 60;
    const auto one = run<double>(outputs(Scores()), executor, count);
    PlayedProcesses::run(4, [&](Communicator& processes) {
      const auto all = run<double>(outputs(Scores()), divided(executor, processes), count);
      for (std::size_t i = 0; i < one.size(); ++i) {
        for (std::size_t r = 0; r < one[i].size(); ++r) {
          if (one[i][r] == all[i][r]) continue;  // also infinite
          EXPECT_NEAR(all[i][r], one[i][r], 1e-6 * std::abs(one[i][r])) << executor.name << i;
        }
      }
    });
  }
}

TEST(Divided, RefusesWhatItCannotDivide) {
  PlayedProcesses::run(2, [&](Communicator& processes) {
    const Scores scores;
    const Expr again = scores.x * column(scores.nearest, 0);
    const Expr nested = column(over_rows(Over::smallest, squared_distances(again, scores.bank)), 0);
    const Executor executor = divided(Executor::cpu, processes);
    EXPECT_THAT(io::error_of([&] { compile({nested}, executor); }),
                testing::HasSubstr("depend on those of another one"));
    const std::vector<float> broken(width, std::numeric_limits<float>::quiet_NaN());
    float out = 0;
    EXPECT_THAT(io::error_of([&] {
                  compile({column(scores.nearest, 0)}, executor)
                      ->run({{"x", {broken.data(), 1, width}}}, {&out});
                }),
                testing::HasSubstr("x: row 0, column 0 is nan"));
  });
}

}  // namespace
}  // namespace nescio::expr
