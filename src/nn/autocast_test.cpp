#include "nn/autocast.h"

#include <gtest/gtest.h>

#include "nn/model.h"

namespace nescio::nn {
namespace {

class Bfloat16 : public testing::Test {
 protected:
  Bfloat16() {
    torch::manual_seed(1);
    network = find_network("resnet8").make(10);
    network->eval();
    images = torch::randn({4, 3, 32, 32});
  }

  std::shared_ptr<Network> network;
  torch::Tensor images;
};

TEST_F(Bfloat16, IsTheSameNetworkInFewerDigits) {
  const torch::Tensor exact = network->forward(images).logits;
  const NetworkOutputs out = forward_in_bfloat16(*network, images);
  EXPECT_EQ(out.logits.scalar_type(), torch::kFloat32);
  EXPECT_EQ(out.features.scalar_type(), torch::kFloat32);
  const double error = (out.logits - exact).abs().max().item<double>();
  EXPECT_GT(error, 0);
  EXPECT_LT(error, 0.05 * exact.abs().max().item<double>());  // eight bits, nine layers
  // Nothing of it remains.
  EXPECT_TRUE(torch::equal(network->forward(images).logits, exact));
}

TEST_F(Bfloat16, GradientsReachTheParametersInFloat32) {
  network->train();
  const torch::Tensor before = network->named_parameters()["conv1.weight"].detach().clone();
  forward_in_bfloat16(*network, images).logits.square().sum().backward();
  for (const auto& item : network->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_EQ(item.value().grad().scalar_type(), torch::kFloat32) << item.key();
  }
  EXPECT_TRUE(torch::equal(network->named_parameters()["conv1.weight"], before));
}

TEST_F(Bfloat16, SeesTheWeightsOfEachPass) {
  const torch::Tensor before = forward_in_bfloat16(*network, images).logits;
  {
    const torch::NoGradGuard no_gradients;
    for (torch::Tensor& parameter : network->parameters()) parameter.mul_(1.5);
  }
  EXPECT_FALSE(torch::equal(forward_in_bfloat16(*network, images).logits, before));
}

}  // namespace
}  // namespace nescio::nn
