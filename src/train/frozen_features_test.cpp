#include "train/frozen_features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "io/csv.h"
#include "train/test_run.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;

FrozenFeatures draw(std::int64_t rows, double apart, std::uint64_t seed) {
  torch::manual_seed(seed);
  const torch::Tensor labels = torch::arange(rows).remainder(3);
  const torch::Tensor centres = torch::eye(3, torch::kFloat64) * apart;
  return {torch::randn({rows, 3}, torch::kFloat64) + centres.index_select(0, labels), labels};
}

TEST(FrozenAccuracy, IsThatOfTheDefinitions) {
  const FrozenFeatures train = draw(60, 1.5, 1), test = draw(45, 1.5, 2);
  double right = 0;
  for (std::int64_t t = 0; t < 45; ++t) {
    std::vector<std::pair<double, std::int64_t>> similar;
    const torch::Tensor h = test.features[t];
    for (std::int64_t i = 0; i < 60; ++i) {
      const torch::Tensor g = train.features[i];
      similar.emplace_back(h.dot(g).item<double>() / (h.norm() * g.norm()).item<double>(),
                           train.labels[i].item<std::int64_t>());
    }
    std::ranges::sort(similar, std::greater());
    std::vector<double> votes(3);
    for (std::size_t k = 0; k < 20; ++k) {
      votes[static_cast<std::size_t>(similar[k].second)] += std::exp(similar[k].first / 0.07);
    }
    right += std::ranges::max_element(votes) - votes.begin() == test.labels[t].item<std::int64_t>();
  }
  const FrozenAccuracy found = frozen_accuracy(train, test);
  EXPECT_NEAR(found.knn, right / 45, 1e-12);

  // Least squares by an augmented matrix: rows sqrt(ridge N) e_d with the answer 0.
  const torch::Tensor mean = train.features.mean(0), scale = train.features.std(0, false);
  const torch::Tensor y = torch::one_hot(train.labels, 3).to(torch::kFloat64);
  const torch::Tensor x = torch::cat(
      {(train.features - mean) / scale, std::sqrt(0.001 * 60) * torch::eye(3, torch::kFloat64)});
  const torch::Tensor answers = torch::cat({y - y.mean(0), torch::zeros({3, 3}, torch::kFloat64)});
  const torch::Tensor weights = torch::linalg_pinv(x).matmul(answers);
  const torch::Tensor said = ((test.features - mean) / scale).matmul(weights) + y.mean(0);
  EXPECT_NEAR(found.linear,
              said.argmax(1).eq(test.labels).to(torch::kFloat64).mean().item<double>(), 1e-12);
  EXPECT_EQ(frozen_accuracy(draw(60, 50, 1), draw(45, 50, 2)).linear, 1);
}

TEST(FrozenAccuracy, IsLoggedAtTheEpochsAskedFor) {
  const TinyTask task;
  TrainSettings settings = task.settings();  // six steps an epoch
  settings.frozen_every = 2;
  Trainer(settings).run({.out = task.path("run")});
  const auto rows = io::parse_csv(io::read_text(task.path("run/metrics.csv")), "metrics");
  const auto column = std::ranges::find(rows[0], "knn_accuracy") - rows[0].begin();
  ASSERT_LT(column, std::ssize(rows[0]));
  std::vector<std::string> steps;
  for (const auto& row : rows) {
    if (row[2] != "frozen") continue;
    steps.push_back(row[0]);
    EXPECT_GT(std::stod(row[static_cast<std::size_t>(column)]), 0.4);  // colours tell the classes
  }
  EXPECT_THAT(steps, testing::ElementsAre("12", "24", "27"));
  settings.val.clear();
  EXPECT_THAT(io::error_of([&] { Trainer{settings}; }),
              HasSubstr("frozen_every=2 does nothing here"));
}

}  // namespace
}  // namespace nescio::train
