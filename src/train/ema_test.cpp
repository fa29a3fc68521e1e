#include "train/ema.h"

#include <gtest/gtest.h>
#include <torch/optim/sgd.h>

namespace nescio::train {
namespace {

/// Two parameters, a statistic and a count.
class Small final : public nn::Network {
 public:
  Small() {
    const auto options = torch::dtype(torch::kFloat64);
    w = register_parameter("w", torch::tensor({{0.5, -1.25}, {2.0, 0.125}}, options));
    b = register_parameter("b", torch::tensor({0.75, -0.5}, options));
    n = register_buffer("n", torch::zeros({}));
    steps = register_buffer("steps", torch::zeros({}, torch::kInt64));
  }
  nn::NetworkOutputs forward(const torch::Tensor& x) override { return {x, x}; }

  torch::Tensor loss() const {
    return w.square().sum() + w.sin().sum() + b.square().sum() + b.sin().sum();
  }

  torch::Tensor w, b, n, steps;
};

void expect_values(const Small& network, const std::vector<double>& expected) {
  const torch::Tensor all = torch::cat({network.w.detach().flatten(), network.b.detach()});
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(all[static_cast<std::int64_t>(i)].item<double>(), expected[i], 1e-14) << i;
  }
}

TEST(Ema, IsThatOfPyTorch) {
  Small network;
  Ema ema(0.9, network);
  torch::optim::SGD optimiser(network.parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
  for (int step = 0; step < 6; ++step) {
    optimiser.zero_grad();
    network.loss().backward();
    optimiser.step();
    ema.update(step);
  }
  // Python: AveragedModel with get_ema_multi_avg_fn(0.9), torch.optim.SGD; double precision.
  const std::vector<double> own = {-1.083581957387334,   0.19372517767138955, -1.8193419860368625,
                                   -0.84888425989467509, -1.2288003274453401, -0.41332296523975559};
  expect_values(network, own);
  {
    const Ema::InPlace mean(ema);
    expect_values(network, {-0.10786504906204877, -0.64144545456390478, 0.67703593761599978,
                            -0.26009478480768899, 0.0059676660213265481, -0.46432612168192949});
  }
  expect_values(network, own);
}

TEST(Ema, AveragesStatisticsAsWellAndCountsNothing) {
  Small network;
  Ema ema(0.9, network);
  for (int step = 0; step < 3; ++step) {
    network.n.fill_(step + 1.0);
    network.steps.fill_(step + 1);
    ema.update(step);
  }
  ASSERT_EQ(ema.buffers().size(), 1u);
  const double mean = 0.9 * (0.9 * 1 + 0.1 * 2) + 0.1 * 3;
  EXPECT_NEAR(ema.buffers()[0].item<double>(), mean, 1e-6);
  {
    const Ema::InPlace in_place(ema);
    EXPECT_NEAR(network.n.item<double>(), mean, 1e-6);
    EXPECT_EQ(network.steps.item<std::int64_t>(), 3);
  }
  EXPECT_EQ(network.n.item<double>(), 3);
}

TEST(Ema, TrainingGoesOnAfterAnExchange) {
  Small network;
  Ema ema(0.5, network);
  { const Ema::InPlace mean(ema); }
  network.loss().backward();
  EXPECT_TRUE(network.w.grad().defined());
  EXPECT_TRUE(network.w.requires_grad());
}

TEST(Ema, WithoutItNothingHappens) {
  Small network;
  Ema ema(0, network);
  ema.update(0);
  EXPECT_TRUE(ema.state().empty());
  const Ema::InPlace mean(ema);
  expect_values(network, {0.5, -1.25, 2.0, 0.125, 0.75, -0.5});
}

}  // namespace
}  // namespace nescio::train
