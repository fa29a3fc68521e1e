#include "nn/depth.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "nn/network.h"
#include "nn/network_info.h"

namespace nescio::nn {
namespace {

TEST(Depth, CountsTheBlocksOfAResNet) {
  const auto depths = depths_of(*find_network("resnet20").make(10));
  EXPECT_EQ(depths.at("conv1.weight"), 0);
  EXPECT_EQ(depths.at("bn1.bias"), 0);
  EXPECT_EQ(depths.at("layer1.0.conv1.weight"), 1);
  EXPECT_EQ(depths.at("layer1.0.bn2.weight"), 1);
  EXPECT_EQ(depths.at("layer1.2.conv2.weight"), 3);
  EXPECT_EQ(depths.at("layer2.0.conv1.weight"), 4);
  EXPECT_EQ(depths.at("layer3.2.conv2.weight"), 9);
  EXPECT_EQ(depths.at("linear.bias"), 10);
}

TEST(Depth, AShortcutLiesInItsBlock) {
  const auto depths = depths_of(*find_network("resnet50").make(10));
  EXPECT_EQ(depths.at("layer2.0.downsample.0.weight"), depths.at("layer2.0.conv3.weight"));
  EXPECT_EQ(depths.at("fc.weight"), 17);  // stem, 3 + 4 + 6 + 3 blocks
}

TEST(Depth, OfEveryNetworkBeginsAtZeroAndEndsWithTheHead) {
  for (const NetworkInfo& info : networks::catalogue()) {
    const auto network = info.design()->outline(4);
    const auto depths = depths_of(*network);
    EXPECT_EQ(depths.size(), network->named_parameters().size()) << info.name;
    const auto by_depth = [](const auto& a, const auto& b) { return a.second < b.second; };
    const auto [first, last] = std::ranges::minmax_element(depths, by_depth);
    EXPECT_EQ(first->second, 0) << info.name;
    EXPECT_GE(last->second, 3) << info.name;
    EXPECT_EQ(depths.at(info.head + ".weight"), last->second) << info.name;
    EXPECT_EQ(std::ranges::count(depths, last->second, [](const auto& d) { return d.second; }),
              depths.count(info.head + ".bias") + 1)
        << info.name;
  }
}

}  // namespace
}  // namespace nescio::nn
