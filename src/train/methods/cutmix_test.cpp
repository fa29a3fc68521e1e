#include <gtest/gtest.h>

#include "train/test_step.h"

namespace nescio::train {
namespace {

/// Logits are the mean values of the channels.
class ChannelMeans final : public nn::Network {
 public:
  nn::NetworkOutputs forward(const torch::Tensor& images) override {
    const torch::Tensor means = images.mean({2, 3});
    return {means, means};
  }
};

/// Four pictures of 8 x 6, 5 in the channel of their label and 0 elsewhere.
TrainingStep cutmix_step(nn::Network& network) {
  const torch::Tensor labels = torch::tensor({0, 1, 2, 1});
  const torch::Tensor colours = 5 * torch::one_hot(labels, 3).to(torch::kFloat64);
  return {.classes = 3,
          .network = network,
          .images = colours.view({4, 3, 1, 1}).expand({4, 3, 8, 6}).contiguous(),
          .labels = labels};
}

double lambda_of(const TrainingStep& step) { return step.terms.at(0).second.item<double>(); }

TEST(CutMix, GivesLabelsTheSharesOfTheArea) {
  ChannelMeans network;
  int mixed = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    torch::manual_seed(seed);
    TrainingStep step = cutmix_step(network);
    const double loss = loss_of(*make_method("cutmix(p=1)"), step).item<double>();
    const double l = lambda_of(step);
    EXPECT_NEAR(l * 48, std::round(l * 48), 1e-9);  // whole pixels
    mixed += l < 1;
    // A row's logits are 5 times its target, whichever its partner; one whose partner has its own
    // class is as before. So the mean over rows is one of few values.
    const double same = plain_cross_entropy({{1, 0, 0}}, {{5, 0, 0}});
    const double other = plain_cross_entropy({{l, 1 - l, 0}}, {{5 * l, 5 * (1 - l), 0}});
    double nearest = 1;
    for (const int rows : {0, 2, 3, 4}) {
      nearest = std::min(nearest, std::abs(loss - (rows * other + (4 - rows) * same) / 4));
    }
    EXPECT_LT(nearest, 1e-12);
    EXPECT_TRUE(step.targets.defined());  // so no accuracy is logged
  }
  EXPECT_GT(mixed, 60);
}

TEST(CutMix, MixesInAsManyStepsAsAsked) {
  ChannelMeans network;
  const auto mixed = [&](const char* spec) {
    const auto method = make_method(spec);
    int mixed = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
      torch::manual_seed(seed);
      TrainingStep step = cutmix_step(network);
      loss_of(*method, step);
      mixed += lambda_of(step) < 1;
    }
    return mixed;
  };
  EXPECT_EQ(mixed("cutmix(p=0)"), 0);
  EXPECT_EQ(mixed("cutmix(alpha=0,p=1)"), 0);
  EXPECT_NEAR(mixed("cutmix(p=0.5)"), 0.5 * mixed("cutmix(p=1)"), 40);
}

TEST(CutMix, WithoutMixingIsCrossEntropy) {
  ChannelMeans network;
  TrainingStep step = cutmix_step(network);
  TrainingStep plain = cutmix_step(network);
  EXPECT_NEAR(loss_of(*make_method("cutmix(p=0)"), step).item<double>(),
              loss_of(*make_method("cross_entropy"), plain).item<double>(), 1e-12);
}

TEST(CutMix, HasTheGradientOfSmallSteps) {
  ChannelMeans network;
  const auto method = make_method("cutmix(p=1)");
  const auto loss = [&](const torch::Tensor& images) {
    torch::manual_seed(3);
    TrainingStep step = cutmix_step(network);
    step.images = images;
    return loss_of(*method, step);
  };
  const torch::Tensor images = cutmix_step(network).images.requires_grad_();
  loss(images).backward();
  const torch::NoGradGuard no_gradients;
  for (std::int64_t i = 0; i < images.numel(); i += 37) {
    const auto moved = [&](double by) {
      const torch::Tensor other = cutmix_step(network).images;
      other.view(-1)[i] += by;
      return loss(other).item<double>();
    };
    EXPECT_NEAR(images.grad().view(-1)[i].item<double>(), (moved(1e-5) - moved(-1e-5)) / 2e-5,
                1e-9);
  }
}

}  // namespace
}  // namespace nescio::train
