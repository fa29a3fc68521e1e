#include "train/virtual_outliers.h"

#include <gtest/gtest.h>

namespace nescio::train {
namespace {

/// Features of two classes that lie apart, their five values mixed.
torch::Tensor some_queues() {
  torch::manual_seed(11);
  const torch::Tensor mix = torch::randn({5, 5}, torch::kFloat64);
  torch::Tensor queues = torch::randn({2, 40, 5}, torch::kFloat64).matmul(mix);
  queues[1] += 30;
  return queues;
}

/// The outliers of `draws` seeds as steps from their class in units of the common covariance,
/// which is computed here value by value; [draws, 2, select, 5].
torch::Tensor whitened(const torch::Tensor& queues, std::int64_t select, int draws) {
  const torch::Tensor means = queues.mean(1);
  torch::Tensor covariance = 1e-4 * torch::eye(5, torch::kFloat64);
  for (std::int64_t c = 0; c < 2; ++c) {
    for (std::int64_t i = 0; i < 40; ++i) {
      const torch::Tensor step = queues[c][i] - means[c];
      covariance += step.outer(step) / 80;
    }
  }
  const torch::Tensor root = at::linalg_cholesky(at::linalg_inv(covariance));
  std::vector<torch::Tensor> all;
  for (int i = 0; i < draws; ++i) {
    torch::manual_seed(static_cast<std::uint64_t>(i));
    const torch::Tensor drawn = virtual_outliers(queues, 200, select).view({2, select, 5});
    all.push_back((drawn - means.unsqueeze(1)).matmul(root));
  }
  return torch::stack(all);
}

TEST(VirtualOutliers, AreTheLeastLikelyOfManyDraws) {
  // Squared Mahalanobis distances of the three least likely of 200 draws in five dimensions: means
  // of 4000 repetitions of the authors' way, torch.distributions.MultivariateNormal and topk.
  const torch::Tensor squares = whitened(some_queues(), 3, 600).square().sum(3);
  const torch::Tensor means = squares.flatten(0, 1).mean(0);
  EXPECT_NEAR(means[0].item<double>(), 18.17, 0.35);
  EXPECT_NEAR(means[1].item<double>(), 15.78, 0.25);
  EXPECT_NEAR(means[2].item<double>(), 14.56, 0.2);
  EXPECT_NEAR(squares.select(2, 0).std().item<double>(), 2.97, 0.4);
  EXPECT_TRUE(squares.select(2, 0).ge(squares.select(2, 1)).all().item<bool>());
}

TEST(VirtualOutliers, LieInAllDirectionsOfTheCovariance) {
  const torch::Tensor steps = whitened(some_queues(), 1, 1000).reshape({2000, 5});
  const torch::Tensor unit = steps / steps.norm(2, 1, true);
  EXPECT_LT(unit.mean(0).abs().max().item<double>(), 0.04);  // standard deviation 0.01
  const torch::Tensor moments = unit.t().mm(unit) / 2000;
  EXPECT_LT((moments - torch::eye(5, torch::kFloat64) / 5).abs().max().item<double>(), 0.03);
}

TEST(VirtualOutliers, ComeClassByClassInTheTypeOfTheFeatures) {
  const torch::Tensor drawn = virtual_outliers(some_queues().to(torch::kFloat32), 10, 4);
  ASSERT_EQ(drawn.sizes(), (std::vector<std::int64_t>{8, 5}));
  EXPECT_EQ(drawn.scalar_type(), torch::kFloat32);
  EXPECT_LT(drawn.slice(0, 0, 4).mean().item<float>(), 15);
  EXPECT_GT(drawn.slice(0, 4, 8).mean().item<float>(), 15);
}

TEST(VirtualOutliers, TakesFeaturesThatAreAllEqual) {
  EXPECT_TRUE(virtual_outliers(torch::ones({3, 1, 2}), 5, 1).isfinite().all().item<bool>());
}

}  // namespace
}  // namespace nescio::train
