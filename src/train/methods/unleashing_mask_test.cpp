#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nn/model.h"
#include "train/forget_threshold.h"
#include "train/test_run.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;

nlohmann::json last_row(const std::string& run) {
  const std::string lines = io::read_text(run + "/metrics.jsonl");
  return nlohmann::json::parse(lines.substr(lines.rfind("\n{") + 1));
}

TEST(UnleashingMask, EstimatesItsLevelAsTheVerbDoes) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.model = trained(task);
  settings.method = "um(estimate_keep=0.8,masks=3)";
  settings.val.clear();
  settings.steps = 4;
  settings.seed = 9;
  Trainer(settings).run({.out = task.path("run")});
  const nn::Model model = nn::Model::load(settings.model, "cpu");
  const Upload upload(model.preprocessing(), torch::kCPU, torch::MemoryFormat::ChannelsLast);
  const ForgetThreshold expected = estimate_forget_threshold(
      nn::network_of(model), *image::open_dataset(settings.data), upload,
      {.mask = {.keep = 0.8}, .masks = 3, .augment = settings.augment, .seed = 9, .batch = 8});
  EXPECT_NEAR(last_row(task.path("run")).at("b").get<double>(), expected.mean(), 1e-6);
}

TEST(UnleashingMask, StartsFromATrainedNetwork) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.method = "unleashing_mask(b=0.1)";
  EXPECT_THAT(io::error_of([&] { Trainer(settings).run({.out = task.path("run")}); }),
              HasSubstr("[unleashing_mask] it starts from a trained network"));
  EXPECT_FALSE(std::filesystem::exists(task.path("run")));
  settings.model = trained(task);
  settings.method = "unleashing_mask(b=low)";
  EXPECT_THAT(io::error_of([&] { Trainer(settings).run({.out = task.path("run")}); }),
              HasSubstr("'low'"));
  settings.method = "unleashing_mask(b=0.1,masks=4)";
  EXPECT_THAT(io::error_of([&] { Trainer(settings).run({.out = task.path("run")}); }),
              HasSubstr("masks=4 does nothing here: it counts only with b=estimate"));
}

TEST(UnleashingMask, EndsWithTheSameBitsAfterAKill) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.model = trained(task);
  settings.method = "unleashing_mask(estimate_keep=0.8,masks=2)";
  expect_the_same_after_a_kill(task, settings);
}

}  // namespace
}  // namespace nescio::train
