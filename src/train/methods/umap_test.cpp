#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "nn/model.h"
#include "nn/network.h"
#include "train/masks.h"
#include "train/test_run.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;

std::map<std::string, Array> tensors(const std::string& file) {
  return io::read_safetensors(file).tensors;
}

bool equal_bits(const Array& a, const Array& b) {
  return a.shape() == b.shape() && a.bytes() == b.bytes() &&
         std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

TEST(Umap, LearnsAMaskAndLeavesTheWeights) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.model = trained(task);
  settings.method = "umap(b=0.2,keep=0.8)";
  Trainer(settings).run({.out = task.path("run")});
  const auto start = tensors(task.path("start/last.safetensors"));
  const auto masked = tensors(task.path("run/last.safetensors"));
  const auto original = tensors(task.path("run/original.safetensors"));
  const auto mask = tensors(task.path("run/mask.safetensors"));
  ASSERT_EQ(original.size(), start.size());
  for (const auto& item : start) {
    EXPECT_TRUE(equal_bits(original.at(item.first), item.second)) << item.first;
    if (!mask.contains(item.first)) continue;
    const auto w = item.second.as<float>(), found = masked.at(item.first).as<float>();
    const auto m = mask.at(item.first).as<std::uint8_t>();
    std::size_t zeros = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      EXPECT_EQ(found[i], m[i] == 1 ? w[i] : 0.0f) << item.first;
      zeros += m[i] == 0;
    }
    EXPECT_EQ(zeros, static_cast<std::size_t>((1.0 - 0.8) * static_cast<double>(w.size())));
  }
  EXPECT_TRUE(equal_bits(masked.at("linear.bias"), start.at("linear.bias")));
  // Its normalisation follows the masked network.
  EXPECT_FALSE(equal_bits(masked.at("bn1.running_mean"), start.at("bn1.running_mean")));
  // Both load like any network.
  EXPECT_EQ(nn::Model::load("resnet8:" + task.path("run/original.safetensors"), "cpu").classes(),
            3u);
  EXPECT_EQ(nn::Model::load("resnet8:" + task.path("run/last.safetensors"), "cpu").classes(), 3u);
  const std::string lines = io::read_text(task.path("run/metrics.csv"));
  EXPECT_THAT(lines, HasSubstr("accuracy_original"));
}

/// A mean of masked networks would be no masked network; nor does anything else of the network learn.
TEST(Umap, RefusesWhatIsOfANetworkThatLearns) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.model = trained(task);
  settings.method = "umap(b=0.2)";
  const auto fault = [&](const TrainSettings& s) {
    return io::error_of([&] { Trainer(s).run({.out = task.path("run")}); });
  };
  TrainSettings averaged = settings, decayed = settings, faster = settings;
  averaged.ema = 0.9;
  decayed.layer_decay = 0.5;
  faster.head_lr = 10;
  EXPECT_EQ(
      fault(averaged),
      "[umap(b=0.2)] ema=0.9 does nothing here: nothing of the network is trained; leave it out");
  EXPECT_THAT(fault(decayed),
              HasSubstr("layer_decay=0.5 does nothing here: nothing of the network"));
  EXPECT_THAT(fault(faster),
              HasSubstr("head_lr=10 does nothing here: nothing of the network's last"));
  EXPECT_FALSE(std::filesystem::exists(task.path("run")));
  faster.method = "head_only";  // no more than its last layer
  faster.steps = 1;
  EXPECT_EQ(fault(faster), "");
  decayed.method = "head_only";
  EXPECT_THAT(fault(decayed), HasSubstr("nothing of the network before its last layer is trained"));
}

/// The slope of the loss by the scores as the paper has it: sign(s) * dL/d(W m) * W, masked values too.
TEST(Umap, TakesTheSlopeStraightThroughTheMask) {
  torch::manual_seed(2);
  const torch::Tensor w = torch::randn({3, 4}), x = torch::randn({5, 4});
  const torch::Tensor labels = torch::tensor({0, 1, 2, 1, 0});
  torch::Tensor s = torch::randn({3, 4}).requires_grad_();
  const torch::Tensor hard = masks_of({{"w", s.detach()}}, {.keep = 0.5}).at("w");
  // By autograd: the map that is exactly 0 forward and the identity backward.
  const torch::Tensor a = s.abs(), through = hard + (a - a.detach());
  at::cross_entropy_loss(x.mm((w * through).t()), labels).backward();
  // By hand, as the method does.
  torch::Tensor masked = (w * hard).requires_grad_();
  at::cross_entropy_loss(x.mm(masked.t()), labels).backward();
  const torch::Tensor expected = s.detach().sign() * masked.grad() * w;
  EXPECT_TRUE(torch::allclose(s.grad(), expected, 1e-5, 1e-7));
  EXPECT_GT(expected.masked_select(hard.eq(0)).abs().max().item<float>(), 0);
}

TEST(Umap, EndsWithTheSameBitsAfterAKill) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.model = trained(task);
  settings.method = "umap(b=0.2)";
  expect_the_same_after_a_kill(task, settings, {"last", "original", "mask"});
}

TEST(Umap, GoesThroughPartsAndBfloat16) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.model = trained(task);
  settings.steps = 8;
  settings.method = "umap(b=0)";
  settings.accumulate = 2;
  settings.precision = "bfloat16";
  const TrainResult done = Trainer(settings).run({.out = task.path("run")});
  EXPECT_TRUE(std::isfinite(*done.loss));
  const auto start = tensors(task.path("start/last.safetensors"));
  for (const auto& item : tensors(task.path("run/original.safetensors"))) {
    EXPECT_TRUE(equal_bits(item.second, start.at(item.first))) << item.first;
  }
}

TEST(FixedMasks, StayWhateverTheOptimiser) {
  for (const char* method : {"random_mask(keep=0.9)", "magnitude_pruning(keep=0.7)",
                             "magnitude_pruning(keep=0.7,scope=global)"}) {
    for (const char* optimiser : {"sgd", "adamw"}) {
      const TinyTask task;
      TrainSettings settings = task.settings();
      settings.model = trained(task);
      settings.method = method;
      settings.optimiser = optimiser;
      settings.lr = 0.01;
      settings.steps = 9;
      Trainer(settings).run({.out = task.path("run")});
      const auto start = tensors(task.path("start/last.safetensors")),
                 end = tensors(task.path("run/last.safetensors"));
      std::size_t zeros = 0, moved = 0;
      for (const auto& item : tensors(task.path("run/mask.safetensors"))) {
        const auto m = item.second.as<std::uint8_t>();
        const auto w = end.at(item.first).as<float>(), w0 = start.at(item.first).as<float>();
        for (std::size_t i = 0; i < m.size(); ++i) {
          if (m[i] == 0) {
            EXPECT_EQ(w[i], 0.0f);
          }
          zeros += m[i] == 0;
          moved += m[i] == 1 && w[i] != w0[i];
        }
      }
      EXPECT_GT(zeros, 5000u) << method;
      EXPECT_GT(moved, 10000u) << method;
    }
  }
}

}  // namespace
}  // namespace nescio::train
