#include "nn/layers.h"

#include <gtest/gtest.h>

#include <array>

#include "base/rng.h"

namespace nescio::nn {
namespace {

class Still final : public torch::nn::Module {};

TEST(Dropping, FollowsFromKeyAndLayer) {
  Still module;
  module.eval();
  const std::array<std::uint64_t, 2> keys = {7, 9};
  const torch::Tensor x = torch::ones({2, 3, 4, 5});
  EXPECT_TRUE(torch::equal(drop_out(module, x, 0.25), x));
  Dropping dropping(keys);
  const torch::Tensor channels = drop_channels(module, x, 0.25);
  const torch::Tensor values = drop_out(module, x, 0.5);
  EXPECT_TRUE(torch::equal(drop_out(module, x, 0), x));
  EXPECT_EQ(dropping.layers(), 2u);
  for (std::int64_t r = 0; r < 2; ++r) {
    Rng first(keys[static_cast<std::size_t>(r)], 0), second(keys[static_cast<std::size_t>(r)], 1);
    for (std::int64_t c = 0; c < 3; ++c) {
      const double kept = first.uniform() < 0.25 ? 0 : 1 / 0.75;
      for (std::int64_t i = 0; i < 20; ++i) {
        EXPECT_NEAR(channels[r][c].flatten()[i].item<double>(), kept, 1e-6);
        EXPECT_EQ(values[r][c].flatten()[i].item<double>(), second.uniform() < 0.5 ? 0 : 2);
      }
    }
  }
}

TEST(Dropping, EndsWithItsLife) {
  Still module;
  module.eval();
  const std::array<std::uint64_t, 1> keys = {7};
  const torch::Tensor x = torch::ones({1, 100});
  {
    const Dropping dropping(keys);
    EXPECT_FALSE(torch::equal(drop_out(module, x, 0.5), x));
  }
  EXPECT_EQ(Dropping::here(), nullptr);
  EXPECT_TRUE(torch::equal(drop_out(module, x, 0.5), x));
}

}  // namespace
}  // namespace nescio::nn
