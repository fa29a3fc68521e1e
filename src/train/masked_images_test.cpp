#include "train/masked_images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "io/test_folder.h"
#include "train/test_step.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;

TEST(Patches, LieRowByRowAndComeBack) {
  const torch::Tensor images = torch::arange(2 * 3 * 8 * 8, torch::kFloat32).view({2, 3, 8, 8});
  const torch::Tensor patches = patches_of(images, 4);
  ASSERT_EQ(patches.sizes(), (std::vector<std::int64_t>{2, 4, 48}));
  // Patch 1 is at the right of the first row; its pixel (2, 3), channel 1.
  EXPECT_EQ(patches[1][1][(2 * 4 + 3) * 3 + 1].item<float>(), images[1][1][2][7].item<float>());
  EXPECT_TRUE(torch::equal(pictures_of(patches, 4), images));
  EXPECT_THAT(io::error_of([&] { patches_of(images, 3); }),
              HasSubstr("8 x 8 are not made of patches of 3 x 3"));
}

TEST(Patches, AreNormalisedByTheirOwnMeanAndDeviation) {
  const torch::Tensor patches =
      torch::tensor({{{1.0, 2.0, 6.0}, {5.0, 5.0, 5.0}}}, torch::kFloat64);
  const torch::Tensor found = normalised_patches(patches);
  const double deviation = std::sqrt((4.0 + 1 + 9) / 2 + 1e-6);  // of 1, 2, 6 about 3
  EXPECT_NEAR(found[0][0][2].item<double>(), 3 / deviation, 1e-12);
  EXPECT_EQ(found[0][1].abs().max().item<double>(), 0);
}

TEST(RandomOrders, AreOrders) {
  torch::manual_seed(1);
  const torch::Tensor orders = random_orders(50, 16);
  EXPECT_TRUE(torch::equal(std::get<0>(orders.sort(1)), torch::arange(16).expand({50, 16})));
  EXPECT_FALSE(torch::equal(orders[0], orders[1]));
}

TEST(RandomUnits, AreHiddenAsAWhole) {
  torch::manual_seed(1);
  const torch::Tensor masks = random_units(40, 8, 2, 0.6);  // ceil(0.6 * 16) = 10 units
  EXPECT_TRUE(masks.sum(1).eq(40).all().item<bool>());
  const torch::Tensor units = masks.view({40, 4, 2, 4, 2});
  EXPECT_TRUE(torch::equal(units.select(4, 0), units.select(4, 1)));
  EXPECT_TRUE(torch::equal(units.select(2, 0), units.select(2, 1)));
  EXPECT_GT(masks.to(torch::kFloat32).std(0).min().item<float>(), 0);  // each patch now and then
  EXPECT_THAT(io::error_of([] { random_units(1, 8, 3, 0.5); }), HasSubstr("a divisor of 8"));
}

/// What the specification has measured of BEiT's algorithm, over as many pictures as give a standard error
/// far below the distance that is allowed.
TEST(BlockwiseMasks, HideAsManyAsThePaperDoes) {
  torch::manual_seed(1);
  const auto check = [](std::int64_t side, std::int64_t count, std::int64_t smallest, double mean,
                        double exact) {
    const torch::Tensor hidden = blockwise_masks(3000, side, count, smallest).sum(1);
    EXPECT_LE(hidden.max().item<std::int64_t>(), count);
    EXPECT_NEAR(hidden.to(torch::kFloat64).mean().item<double>(), mean, 0.5);
    EXPECT_NEAR(hidden.eq(count).to(torch::kFloat64).mean().item<double>(), exact, 0.05);
  };
  check(14, 75, 16, 74.5, 0.68);
  check(8, 26, 4, 25.96, 0.96);
}

TEST(BlockwiseMasks, HideBlocks) {
  torch::manual_seed(2);
  const torch::Tensor masks = blockwise_masks(500, 14, 75, 16).view({500, 14, 14});
  // The share of neighbours of hidden patches that are hidden too; 75 / 196 = 0.38 if drawn one by one.
  const torch::Tensor beside = masks.slice(2, 1).logical_and(masks.slice(2, 0, 13)).sum();
  const double share = beside.item<double>() / masks.slice(2, 0, 13).sum().item<double>();
  EXPECT_GT(share, 0.7);
}

TEST(SameRandomNumbers, AreDrawnAndForgotten) {
  torch::manual_seed(3);
  const auto draw = [] {
    const SameRandomNumbers same;
    return torch::rand({3});
  };
  const torch::Tensor first = draw();
  const torch::Tensor after = torch::rand({3});
  EXPECT_TRUE(torch::equal(draw(), first));
  torch::manual_seed(3);
  EXPECT_TRUE(torch::equal(torch::rand({3}), after));
}

TEST(TransformerOf, RefusesOtherNetworks) {
  Mirror network;
  EXPECT_THAT(io::error_of([&] { transformer_of(network, "resnet20"); }),
              HasSubstr("expected a network of patches"));
}

}  // namespace
}  // namespace nescio::train
