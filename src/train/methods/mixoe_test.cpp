#include <gtest/gtest.h>

#include <algorithm>

#include "train/losses.h"
#include "train/mixing.h"
#include "train/test_step.h"

namespace nescio::train {
namespace {

TEST(MixOe, IsThePapersFormula) {
  for (const double alpha : {0.5, 1.0, 2.0}) {
    torch::manual_seed(7);
    const double l = draw_beta(alpha, alpha, 1).item<double>();
    const double x[2][3] = {{2.0, -1.0, 0.5}, {0.1, 0.3, -0.2}};
    const double o[2][3] = {{0.4, 0.2, -0.6}, {1.5, -0.5, 0.0}};
    const int y[2] = {0, 2};
    std::vector<std::vector<double>> z, zm, hard, q;
    for (std::size_t b = 0; b < 2; ++b) {
      z.emplace_back(), zm.emplace_back(), hard.emplace_back(), q.emplace_back();
      for (int c = 0; c < 3; ++c) {
        const auto f = [](double v) { return v + v * v / 4; };
        z[b].push_back(f(x[b][c]));
        zm[b].push_back(f(l * x[b][c] + (1 - l) * o[b][c]));
        hard[b].push_back(y[b] == c);
        q[b].push_back(l * (y[b] == c) + (1 - l) / 3);
      }
    }
    Bent network;
    EXPECT_NEAR(test_loss(text("mixoe(alpha=", alpha, ")"), network),
                plain_cross_entropy(hard, z) + 5 * plain_cross_entropy(q, zm), 1e-12);
  }
}

TEST(MixOe, HasTheGoldenTotal) {
  // beta = 5 on the specification's logits of mixed pictures.
  const torch::Tensor zm = torch::tensor({{0.9, -0.3, 0.2}, {0.7, 0.1, -0.4}}, torch::kFloat64);
  const torch::Tensor q =
      mixed_labels(torch::tensor({0, 2}), 3, torch::tensor(0.3, torch::kFloat64));
  Mirror network;
  const TrainingStep step = test_step(network);
  EXPECT_NEAR(
      (cross_entropy(step.images, step.labels) + 5 * soft_cross_entropy(q, zm)).item<double>(),
      6.785422, 1e-6);
}

TEST(MixOe, WithoutMixingIsCrossEntropyTwice) {
  Bent network;
  EXPECT_NEAR(test_loss("mixoe(alpha=0,w_mix=2)", network), 3 * test_loss("cross_entropy", network),
              1e-12);
}

TEST(MixOe, DrawsFromBothParameters) {
  Mirror network;  // Beta(0.1, 1) is near 0
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    torch::manual_seed(seed);
    TrainingStep step = test_step(network);
    loss_of(*make_method("mixoe(alpha=0.1,alpha_outliers=1)"), step);
    sum += step.terms[1].second.item<double>();
  }
  EXPECT_NEAR(sum / 300, 0.1 / 1.1, 0.03);
}

TEST(MixOe, PairsAsManyAsThereAre) {
  Mirror network;
  TrainingStep step = test_step(network);
  step.outliers = step.outliers.slice(0, 0, 1);
  loss_of(*make_method("mixoe"), step);
  EXPECT_EQ(step.rows, 3);
  EXPECT_EQ(step.logits.size(0), 2);
}

TEST(MixOe, MixesTheTargetsOfMixedPictures) {
  Mirror network;
  torch::manual_seed(3);
  TrainingStep step = test_step(network);
  loss_of(*make_method("mixup(alpha=0.7)+mixoe(w_mix=1)"), step);
  const auto term = [&](const std::string& name) {
    return std::ranges::find(step.terms, name, [](const auto& t) { return t.first; })->second;
  };
  const double l = step.drawn("mixoe", "lambda").item<double>();
  const torch::Tensor q = l * step.targets + (1 - l) / 3;
  EXPECT_NEAR(term("mix").item<double>(),
              soft_cross_entropy(q, step.drawn("mixoe", "mixed")).item<double>(), 1e-12);
  EXPECT_FALSE(step.targets.allclose(torch::one_hot(step.labels, 3).to(torch::kFloat64)));
}

TEST(MixOe, HasTheGradientOfSmallSteps) {
  Bent network;
  EXPECT_LT(gradient_error("mixoe", network), 1e-8);
}

}  // namespace
}  // namespace nescio::train
