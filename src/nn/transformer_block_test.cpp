#include "nn/transformer_block.h"

#include <gtest/gtest.h>

namespace nescio::nn {
namespace {

std::shared_ptr<TransformerBlock> block(AttentionBias bias) {
  torch::manual_seed(3);
  const auto made = std::make_shared<TransformerBlock>(
      BlockDesign{.width = 12, .heads = 3, .hidden = 24, .bias = bias});
  start_transformer(*made);
  for (torch::Tensor& p : made->parameters()) p.set_requires_grad(false).add_(torch::randn_like(p));
  return made;
}

TEST(TransformerBlock, NoOneSeesABiasOfTheKeys) {
  const torch::Tensor x = torch::randn({2, 7, 12});
  const auto all = block(AttentionBias::all);
  const torch::Tensor before = all->forward(x);
  all->named_parameters()["attn.qkv.bias"].slice(0, 12, 24).add_(0.7);
  EXPECT_TRUE(all->forward(x).allclose(before, 1e-4, 1e-5));
  all->named_parameters()["attn.qkv.bias"].slice(0, 0, 12).add_(0.7);
  EXPECT_FALSE(all->forward(x).allclose(before, 1e-4, 1e-5));
}

TEST(TransformerBlock, PositionsOfZeroAreNone) {
  const torch::Tensor x = torch::randn({2, 7, 12});
  const auto plain = block(AttentionBias::not_of_keys);
  const torch::Tensor before = plain->forward(x);
  EXPECT_TRUE(plain->forward(x, torch::zeros({3, 7, 7})).allclose(before, 1e-4, 1e-5));
  const torch::Tensor positions = torch::randn({3, 7, 7});
  const torch::Tensor moved = plain->forward(x, positions);
  EXPECT_FALSE(moved.allclose(before, 1e-2, 1e-2));
  // The same for every picture, or written out for each.
  EXPECT_TRUE(plain->forward(x, positions.expand({2, 3, 7, 7})).allclose(moved, 1e-4, 1e-5));
}

TEST(TransformerBlock, SeesTokensInAnyOrder) {
  const torch::Tensor x = torch::randn({2, 7, 12}), order = torch::randperm(7);
  const auto plain = block(AttentionBias::none);
  EXPECT_TRUE(plain->forward(x).index_select(1, order).allclose(
      plain->forward(x.index_select(1, order)), 1e-4, 1e-5));
}

}  // namespace
}  // namespace nescio::nn
