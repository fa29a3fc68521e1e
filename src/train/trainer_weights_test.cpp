// What a run writes is weights that a network is made of.
#include <gtest/gtest.h>

#include "nn/model.h"
#include "train/test_run.h"
#include "train/trainer.h"

namespace nescio::train {
namespace {

TEST(TrainerWeights, OfACheckpointAreThoseOfAModel) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.model = "resnet8?size=16";
  settings.ema = 0.5;
  settings.keep_checkpoints = "9";
  settings.steps = 8;
  Trainer(settings).run({.out = task.path("run")});
  const nn::Model model = nn::Model::load(
      "resnet8:" + task.path("run/checkpoints/step-000000000004.safetensors"), "cpu");
  EXPECT_EQ(model.classes(), 3u);
  EXPECT_EQ(model.preprocessing().height, 16u);
}

// A network of parameters alone: the optimiser's numbers have all its names.
TEST(TrainerWeights, OfATransformersCheckpointAreThoseOfAModel) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.model = "vit_t4_32(depth=1,width=12)";
  settings.optimiser = "adamw";
  settings.steps = 1;
  Trainer(settings).run({.out = task.path("run")});
  const std::string checkpoint = task.path("run/checkpoints/step-000000000001.safetensors");
  EXPECT_EQ(nn::Model::load(settings.model + ":" + checkpoint, "cpu").classes(), 3u);
}

}  // namespace
}  // namespace nescio::train
