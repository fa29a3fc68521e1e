// The trainer's losses against PyTorch's in Python: the same network, start weights and pictures in
// double precision, with torch.nn.functional.cross_entropy, torch.optim.SGD and its schedulers.
#include <gtest/gtest.h>

#include <cmath>

#include "io/csv.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "io/test_folder.h"
#include "nn/test_device.h"
#include "nn/test_weights.h"
#include "train/trainer.h"

namespace nescio::train {
namespace {

constexpr std::size_t pictures = 16;
constexpr std::size_t classes = 4;

class TrainerGolden : public testing::Test {
 protected:
  TrainerGolden() {
    std::vector<std::uint8_t> pixels;
    for (const float value : nn::made_up_numbers(pictures * 32 * 32 * 3, 99)) {
      pixels.push_back(static_cast<std::uint8_t>(std::floor((value + 1) * 128)));
    }
    std::vector<std::int64_t> labels(pictures);
    for (std::size_t i = 0; i < pictures; ++i) labels[i] = static_cast<std::int64_t>(i % classes);
    io::write_npy(folder_ / "x.npy", Array({pictures, 32, 32, 3}, std::move(pixels)));
    io::write_npy(folder_ / "y.npy", Array({pictures}, std::move(labels)));
    io::write_safetensors(folder_ / "start.safetensors", nn::made_up_resnet20(classes, 7));
    settings_.model = "resnet20:" + (folder_ / "start.safetensors").string();
    settings_.data =
        "npy:" + (folder_ / "x.npy").string() + "?labels=" + (folder_ / "y.npy").string();
    settings_.steps = 8;
    settings_.batch = pictures;  // all of them: the order does not matter
    settings_.device = nn::test_device();
    settings_.log_every = 1;
  }

  void expect_losses(const std::vector<double>& expected) {
    Trainer(settings_).run({.out = folder_ / "run"});
    const auto rows = io::parse_csv(io::read_text(folder_ / "run/metrics.csv"), "metrics");
    ASSERT_EQ(rows.size(), expected.size() + 1);
    for (std::size_t t = 0; t < expected.size(); ++t) {
      // Single precision in Python deviates by up to a third of this.
      EXPECT_NEAR(std::stod(rows[t + 1].at(4)), expected[t], 1e-3 * expected[t] + 2e-4)
          << "step " << t;
    }
  }

  io::TestFolder folder_;
  TrainSettings settings_;
};

TEST_F(TrainerGolden, NesterovWithCosineAndSmoothedLabels) {
  settings_.lr = 0.004;
  settings_.method = "cross_entropy(label_smoothing=0.1)";
  expect_losses(
      {1.5049637, 0.4686646, 0.4516121, 0.3917176, 0.3713797, 0.3614905, 0.3570123, 0.3550851});
}

TEST_F(TrainerGolden, PlainMomentumWithWarmupStepsAndClipping) {
  settings_.lr = 0.02;
  settings_.momentum = 0.8;
  settings_.nesterov = false;
  settings_.weight_decay = 1e-3;
  settings_.clip = 1;
  settings_.schedule = "step";
  settings_.milestones = "5";
  settings_.decay = 0.5;
  settings_.warmup = 3;
  expect_losses(
      {1.5096340, 1.3106888, 0.7961194, 0.2794120, 0.0650112, 0.0081366, 0.0026717, 0.0010588});
}

}  // namespace
}  // namespace nescio::train
