// What holds for every method that reconstructs hidden patches.
#include "train/masked_modelling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/test_run.h"
#include "train/test_step.h"
#include "train/test_transformer.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;

double loss_measured(const MethodWithNetwork& with, const torch::Tensor& images) {
  const torch::NoGradGuard no_gradients;
  const Sums sums = with.method->measures(*with.network, images, {});
  EXPECT_EQ(sums[0].first, "loss");
  return sums[0].second.item<double>() / static_cast<double>(images.size(0));
}

TEST(MaskedModelling, LossesAreThoseOfHiddenPixelsAlone) {
  const torch::Tensor images = smooth_pictures(3, torch::kFloat64);
  for (const char* spec : {"mae(norm_pixel=false,decoder_width=16,decoder_depth=1,decoder_heads=2)",
                           "mae(decoder_width=16,decoder_depth=1,decoder_heads=2)", "simmim"}) {
    const MethodWithNetwork with(spec, torch::kFloat64);
    const torch::NoGradGuard no_gradients;
    const auto found = with.method->reconstruct(*with.network, images);
    ASSERT_TRUE(found) << spec;
    const torch::Tensor truth = patches_of(images, 4), made = patches_of(found->made, 4);
    const torch::Tensor shown = patches_of(found->shown, 4);
    const bool normalised = std::string(spec).find("norm_pixel") == std::string::npos;
    double sum = 0;
    for (std::int64_t b = 0; b < 3; ++b) {
      double of_picture = 0;
      std::int64_t hidden = 0;
      for (std::int64_t n = 0; n < 64; ++n) {
        if (torch::equal(shown[b][n], truth[b][n])) {
          EXPECT_TRUE(torch::equal(made[b][n], truth[b][n])) << spec;
          continue;
        }
        EXPECT_EQ(shown[b][n].abs().max().item<double>(), 0) << spec;
        ++hidden;
        const torch::Tensor apart = made[b][n] - truth[b][n];
        if (std::string(spec) == "simmim") {
          of_picture += apart.abs().sum().item<double>();
        } else {
          const double scale = normalised ? truth[b][n].var().item<double>() + 1e-6 : 1;
          of_picture += apart.square().mean().item<double>() / scale;
        }
      }
      const bool is_simmim = std::string(spec) == "simmim";
      EXPECT_EQ(hidden, is_simmim ? 40 : 48) << spec;
      sum += of_picture /
             (is_simmim ? static_cast<double>(hidden) * 48 + 1e-5 : static_cast<double>(hidden));
    }
    EXPECT_NEAR(loss_measured(with, images), sum / 3, 1e-9) << spec;
  }
}

TEST(MaskedModelling, AreMeasuredAlikeEachTime) {
  const torch::Tensor images = smooth_pictures(2);
  for (const char* spec :
       {"mae(decoder_width=16,decoder_depth=1,decoder_heads=2)", "simmim", "beit(tokens=16)"}) {
    const MethodWithNetwork with(spec);
    const double first = loss_measured(with, images);
    torch::rand({5});
    EXPECT_EQ(loss_measured(with, images), first) << spec;
  }
}

/// The slope of the loss along random directions of all parameters, against small steps in double.
TEST(MaskedModelling, GradientsAreThoseOfTheLoss) {
  const torch::Tensor images = smooth_pictures(2, torch::kFloat64);
  for (const char* spec : {"mae(decoder_width=16,decoder_depth=1,decoder_heads=2)", "simmim",
                           "beit(tokens=16)", "simclr(hidden=16,width=8)"}) {
    const MethodWithNetwork with(spec, torch::kFloat64);
    with.network->train();
    const auto loss = [&] {
      torch::manual_seed(3);
      TrainingStep step{.classes = 4, .network = *with.network, .images = images};
      step.further_views = {images.flip(3) + 0.1};
      return loss_of(*with.method, step);
    };
    std::vector<torch::Tensor> parameters = with.method->parameters();
    for (const auto& item : with.network->named_parameters()) {
      if (with.method->trains(item.key())) parameters.push_back(item.value());
    }
    loss().backward();
    torch::manual_seed(9);
    double slope = 0;
    std::vector<torch::Tensor> directions;
    for (const torch::Tensor& p : parameters) {
      directions.push_back(torch::randn_like(p));
      if (p.grad().defined()) slope += (p.grad() * directions.back()).sum().item<double>();
    }
    const torch::NoGradGuard no_gradients;
    const auto moved = [&](double by) {
      for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].add_(by * directions[i]);
      const double value = loss().item<double>();
      for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].sub_(by * directions[i]);
      return value;
    };
    const double expected = (moved(1e-6) - moved(-1e-6)) / 2e-6;
    EXPECT_NEAR(slope, expected, 1e-4 * (1 + std::abs(expected))) << spec;
    EXPECT_GT(std::abs(slope), 1e-6) << spec;
  }
}

TEST(Mae, TheNetworkSeesVisiblePatchesOnly) {
  const MethodWithNetwork with("mae(decoder_width=16,decoder_depth=1,decoder_heads=2)");
  nn::VisionTransformer& transformer = transformer_of(*with.network);
  const torch::NoGradGuard no_gradients;
  const torch::Tensor tokens = transformer.embed(smooth_pictures(2));
  torch::manual_seed(1);
  const torch::Tensor kept = random_orders(2, 64).slice(1, 0, 16);
  const torch::Tensor expected = transformer.encode(tokens, kept);
  EXPECT_EQ(expected.size(1),
            17);  // a quarter of the tokens go through the blocks, and the class token
  // What is multiplied by 0 somewhere would be NaN here.
  const torch::Tensor hidden =
      torch::ones({2, 64}, torch::kBool).scatter(1, kept, false).unsqueeze(2);
  const torch::Tensor nowhere = tokens.masked_fill(hidden, std::nan(""));
  EXPECT_TRUE(torch::equal(transformer.encode(nowhere, kept), expected));
  EXPECT_TRUE(transformer.encode(nowhere, {}).isnan().all().item<bool>());
}

TEST(MaskedModelling, LearnsToPaint) {
  const TinyTask task;
  TrainSettings settings{.model = tiny_transformer, .data = "procedural:shapes?count=256"};
  settings.batch = 32;
  settings.device = nn::test_device();
  settings.optimiser = "adamw";
  settings.lr = 0.003;
  settings.warmup = 10;
  settings.log_every = 8;
  settings.steps = 160;
  const auto losses = [&](const std::string& method) {
    settings.method = method;
    const std::string run = task.path(method.substr(0, method.find('(')));
    Trainer(settings).run({.out = run});
    std::vector<double> out;
    const std::string lines = io::read_text(run + "/metrics.jsonl");
    for (std::size_t at = 0; (at = lines.find("\"loss\":", at)) != std::string::npos; ++at) {
      out.push_back(std::stod(lines.substr(at + 7)));
    }
    return out;
  };
  // A patch's mean colour has an error of 1 in units of its own deviation; words at random one of log 16.
  const auto mae = losses("mae(decoder_width=16,decoder_depth=1,decoder_heads=2)");
  EXPECT_LT(mae.back(), 0.97);
  EXPECT_LT(mae.back(), mae.front());
  const auto simmim = losses("simmim");
  EXPECT_LT(simmim.back(), 0.8 * simmim.front());
  const auto beit = losses("beit(tokens=16)");
  EXPECT_LT(beit.back(), 0.95 * beit.front());
}

TEST(MaskedModelling, EndsWithTheSameBitsAfterAKill) {
  for (const char* method : {"mae(decoder_width=16,decoder_depth=1,decoder_heads=2)", "simmim",
                             "beit(tokens=8)", "vq_vae(codes=8,width=8)"}) {
    const TinyTask task;
    TrainSettings settings = task.settings();
    settings.model = tiny_transformer;
    settings.method = method;
    settings.lr = 0.01;
    expect_the_same_after_a_kill(task, settings);
  }
}

TEST(MaskedModelling, GoesThroughPartsEmaAndBfloat16) {
  for (const char* method : {"mae(decoder_width=16,decoder_depth=1,decoder_heads=2)", "simmim",
                             "beit(tokens=8)", "vq_vae(codes=8,width=8)"}) {
    const TinyTask task;
    TrainSettings settings = task.settings();
    settings.model = tiny_transformer;
    settings.method = method;
    settings.lr = 0.01;
    settings.steps = 4;
    const TrainResult whole = Trainer(settings).run({.out = task.path("whole")});
    settings.accumulate = 2;
    const TrainResult parts = Trainer(settings).run({.out = task.path("parts")});
    EXPECT_NEAR(*parts.loss, *whole.loss, 2e-5 * *whole.loss) << method;
    // A tokenizer is trained beside the network, of which there is nothing to average.
    if (!settings.method.starts_with("vq_vae")) settings.ema = 0.5;
    settings.precision = "bfloat16";
    const TrainResult few_digits = Trainer(settings).run({.out = task.path("few")});
    EXPECT_NEAR(*few_digits.loss, *whole.loss, 0.05 * *whole.loss) << method;
  }
}

TEST(MaskedModelling, RefusesWhatHasNoPatches) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.method = "mae";
  EXPECT_THAT(io::error_of([&] { Trainer{settings}; }),
              HasSubstr("[mae] expected a network of patches, such as vit_t4_32 or "
                        "vit_base_patch16_224, found resnet8"));
  settings.model = tiny_transformer;
  for (const char* method : {"mae(mask=0)", "mae(mask=1)", "simmim(mask=1.5)", "beit(mask=0)"}) {
    settings.method = method;
    EXPECT_THAT(io::error_of([&] { Trainer{settings}; }), HasSubstr("mask")) << method;
  }
  settings.method = "mae(decoder_width=20,decoder_heads=16)";
  EXPECT_THAT(io::error_of([&] { Trainer{settings}; }), HasSubstr("decoder_width=20"));
  settings.method = "simmim(unit=3)";
  EXPECT_THAT(io::error_of([&] { Trainer(settings).run({.out = task.path("run")}); }),
              HasSubstr("a divisor of 8"));
}

}  // namespace
}  // namespace nescio::train
