#include "evaluation/score_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/rng.h"
#include "base/test_communicator.h"
#include "expr/expr.h"
#include "io/test_folder.h"

namespace nescio::evaluation {
namespace {

constexpr std::size_t classes = 10;

bank::BankView view_of_rows(std::size_t rows) {
  Rng rng(rows);
  std::vector<float> logits(rows * classes);
  for (float& v : logits) v = static_cast<float>(rng.normal());
  return bank::view_of("toy/test", {{"logits", Array({rows, classes}, std::move(logits))}});
}

std::unique_ptr<expr::Program> program() {
  const auto graph = std::make_shared<expr::Graph>();
  const expr::Expr z = input(graph, "logits", classes);
  return compile({logsumexp(z), row_max(z)}, expr::Executor::cpu);
}

/// The scores of all rows, of two outputs one after the other.
template <class T>
std::vector<T> scores(const bank::BankView& view, Communicator& processes = alone()) {
  std::vector<T> out(2 * view.rows);
  std::size_t next = 0;
  const TakeScores<T> take = [&](std::size_t first, const auto& windows) {
    EXPECT_EQ(first, next);
    for (std::size_t d = 0; d < 2; ++d) {
      std::ranges::copy(windows[d],
                        out.begin() + static_cast<std::ptrdiff_t>(d * view.rows + first));
    }
    next += windows[0].size();
  };
  stream_scores(view, {"logits"}, *program(), {"energy", "max_logit"}, take, {}, processes);
  EXPECT_EQ(next, view.rows);
  return out;
}

// Of one block, of fewer blocks than processes, and of several windows.
TEST(ScoreStream, IsTheSameForAnyNumberOfProcesses) {
  for (const std::size_t rows : {1u, 9000u, 100'000u}) {
    const bank::BankView view = view_of_rows(rows);
    const auto one = scores<float>(view);
    const auto wide = scores<double>(view);
    for (const int size : {2, 5}) {
      PlayedProcesses::run(size, [&](Communicator& processes) {
        EXPECT_TRUE(scores<float>(view, processes) == one) << rows << ' ' << size;
        EXPECT_TRUE(scores<double>(view, processes) == wide) << rows << ' ' << size;
      });
    }
  }
}

TEST(ScoreStream, SaysToAllWhoseScoreIsNotFinite) {
  bank::BankView view = view_of_rows(9000);
  const Array logits = view.array("logits");
  std::vector<float> values(logits.as<float>().begin(), logits.as<float>().end());
  values[8500 * classes] = std::numeric_limits<float>::infinity();
  view = bank::view_of("toy/test", {{"logits", Array({9000, classes}, std::move(values))}});
  PlayedProcesses::run(3, [&](Communicator& processes) {
    EXPECT_THAT(io::error_of([&] { scores<float>(view, processes); }),
                testing::HasSubstr("the first is that of row 8500 (inf)"));
  });
}

}  // namespace
}  // namespace nescio::evaluation
