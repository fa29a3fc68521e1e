#include <gtest/gtest.h>

#include <cmath>

#include "train/test_step.h"
#include "train/test_transformer.h"

namespace nescio::train {
namespace {

TEST(SimClr, IsThePapersLossOfBothViews) {
  const MethodWithNetwork with("simclr(T=0.5,hidden=16,width=8)", torch::kFloat64);
  const torch::Tensor first = smooth_pictures(3, torch::kFloat64), second = first.flip(3) * 0.9;
  TrainingStep step{.classes = 4, .network = *with.network, .images = first};
  step.further_views = {second};
  const double found = loss_of(*with.method, step).item<double>();

  with.method->train();
  torch::Tensor z = with.network->forward(torch::cat({first, second})).features;
  for (const auto& module : with.method->named_modules("", false)) {
    if (module.key().ends_with("projector")) {
      z = module.value()->as<torch::nn::SequentialImpl>()->forward(z);
    }
  }
  double sum = 0;
  for (std::int64_t i = 0; i < 6; ++i) {
    const auto similar = [&](std::int64_t k) {
      return std::exp((z[i].dot(z[k]) / (z[i].norm() * z[k].norm())).item<double>() / 0.5);
    };
    double all = 0;
    for (std::int64_t k = 0; k < 6; ++k) all += k == i ? 0 : similar(k);
    sum -= std::log(similar((i + 3) % 6) / all);
  }
  EXPECT_NEAR(found, sum / 6, 1e-9);
}

}  // namespace
}  // namespace nescio::train
