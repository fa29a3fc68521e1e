#include "train/masks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "nn/network_info.h"

namespace nescio::train {
namespace {

std::int64_t zeros_of(const torch::Tensor& mask) { return mask.eq(0).sum().item<std::int64_t>(); }

std::shared_ptr<nn::Network> network_called(const char* name) {
  torch::manual_seed(3);
  auto network = nn::find_network(name).make(10);
  network->eval();
  return network;
}

TEST(Masks, AreOfKernelsAlone) {
  for (const char* name :
       {"resnet20", "wrn_40_2", "densenet_bc_100_12", "squeezenet1_0", "mnist_convnet"}) {
    const auto network = network_called(name);
    for (const auto& item : kernels_of(*network)) {
      EXPECT_TRUE(item.first.ends_with("weight")) << name << ' ' << item.first;
      EXPECT_TRUE(item.second.dim() == 4 || item.second.dim() == 2) << name << ' ' << item.first;
    }
  }
  const auto transformer =
      nn::design_network("beit_base_patch16_224(width=8,depth=2,heads=2)").design->make(3);
  EXPECT_EQ(kernels_of(*transformer).size(), 10u);  // of two blocks four each, patches, last layer
  EXPECT_EQ(kernels_of(*network_called("resnet20")).size(),
            20u);  // 19 convolutions, the last layer
}

TEST(Masks, RemoveExactlyTheSmallestShareOfEachKernel) {
  torch::manual_seed(1);
  // (1 - 0.8) * 3420 is 683.99..., and no 684th value goes.
  const Tensors scores = {{"a", torch::randn({36, 95})}, {"b", torch::randn({7, 3, 3, 3})}};
  for (const double keep : {0.8, 0.965, 0.5, 1.0, 0.001}) {
    const Tensors masks = masks_of(scores, {.keep = keep});
    for (const auto& item : masks) {
      const torch::Tensor& score = scores.at(item.first);
      const auto removed =
          static_cast<std::int64_t>((1.0 - keep) * static_cast<double>(score.numel()));
      EXPECT_EQ(zeros_of(item.second), removed) << keep;
      if (removed == 0) continue;
      const torch::Tensor gone = score.abs().masked_select(item.second.eq(0));
      const torch::Tensor stays = score.abs().masked_select(item.second.eq(1));
      EXPECT_LE(gone.max().item<float>(), stays.min().item<float>()) << keep;
    }
  }
  EXPECT_EQ(zeros_of(masks_of(scores, {.keep = 0.8}).at("a")), 683);
}

TEST(Masks, OfEqualScoresTakeTheFirst) {
  const Tensors masks = masks_of({{"a", torch::tensor({2.0, -1.0, 1.0, 1.0, 0.5})}}, {.keep = 0.4});
  EXPECT_TRUE(masks.at("a").equal(torch::tensor({1.0, 0.0, 0.0, 1.0, 0.0}))) << masks.at("a");
}

TEST(Masks, MayCountAllKernelsTogether) {
  const Tensors scores = {{"large", torch::full({4}, 9.0)},
                          {"small", torch::tensor({1.0, 2.0, 3.0, 4.0})}};
  const Tensors masks = masks_of(scores, {.keep = 0.625, .scope = "global"});
  EXPECT_EQ(zeros_of(masks.at("large")), 0);
  EXPECT_TRUE(masks.at("small").equal(torch::tensor({0.0, 0.0, 0.0, 1.0})));
}

TEST(Masks, ThatKeepAllChangeNoBit) {
  const torch::NoGradGuard no_gradients;
  const auto network = network_called("resnet8");
  const torch::Tensor images = torch::rand({2, 3, 32, 32});
  const torch::Tensor before = network->forward(images).logits;
  Tensors kernels;
  for (const auto& item : kernels_of(*network))
    kernels.emplace(item.first, item.second.detach().clone());
  put_masked(*network, kernels, masks_of(random_scores(kernels), {.keep = 1}));
  EXPECT_TRUE(network->forward(images).logits.equal(before));
  put_masked(*network, kernels, masks_of(random_scores(kernels), {.keep = 0.9}));
  EXPECT_FALSE(network->forward(images).logits.equal(before));
}

TEST(Masks, RandomScoresLieInTheRangeOfTheirFan) {
  torch::manual_seed(5);
  const Tensors scores =
      random_scores({{"conv", torch::empty({64, 16, 3, 3})}, {"fc", torch::empty({10, 400})}});
  EXPECT_NEAR(scores.at("conv").abs().max().item<double>(), 1.0 / 12, 1e-3);
  EXPECT_NEAR(scores.at("fc").abs().max().item<double>(), 1.0 / 20, 1e-3);
  torch::manual_seed(5);
  EXPECT_TRUE(
      random_scores({{"conv", torch::empty({64, 16, 3, 3})}}).at("conv").equal(scores.at("conv")));
}

TEST(Swapped, GivesEverythingBack) {
  const torch::NoGradGuard no_gradients;
  const auto network = network_called("resnet8"), other = network_called("resnet8");
  other->train();
  const torch::Tensor images = torch::rand({4, 3, 32, 32});
  other->forward(images);  // other statistics
  for (torch::Tensor& p : other->parameters()) p.add_(0.01);
  other->eval();
  const torch::Tensor ours = network->forward(images).logits,
                      theirs = other->forward(images).logits;
  {
    const Swapped swapped(*network, nn::tensors_of(*other));
    EXPECT_TRUE(network->forward(images).logits.equal(theirs));
  }
  EXPECT_TRUE(network->forward(images).logits.equal(ours));
}

}  // namespace
}  // namespace nescio::train
