#include "train/flood.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/test_folder.h"
#include "train/test_run.h"
#include "train/test_step.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;

constexpr double level_above = 2.5, level_below = 0.3;  // of the test step, whose loss is 0.9

std::shared_ptr<TrainingMethod> method_at(double b, double beta = 1) {
  Mirror network;
  auto method = make_method(text("flooding(b=", b, ",beta=", beta, ")"));
  static const TrainSettings settings{.model = "some:weights"};
  static const auto data = image::open_dataset("procedural:shapes?count=10");
  static const Upload upload({.height = 8, .width = 8}, torch::kCPU,
                             torch::MemoryFormat::Contiguous);
  method->on_fresh_start({network, *data, nullptr, upload, settings, 1, {}});
  return method;
}

struct Found {
  double loss;
  torch::Tensor gradient;
  std::map<std::string, double> terms;
};

Found trained(TrainingMethod& method) {
  Mirror network;
  TrainingStep step = test_step(network);
  step.images.requires_grad_();
  const torch::Tensor loss = loss_of(method, step);
  loss.backward();
  Found found{loss.item<double>(), step.images.grad(), {}};
  for (const auto& [name, value] : step.terms) found.terms[name] = value.item<double>();
  return found;
}

TEST(Flooding, TurnsTheGradientBelowItsLevel) {
  Mirror network;
  const double ce = test_loss("cross_entropy", network);
  ASSERT_GT(ce, level_below);
  ASSERT_LT(ce, level_above);
  const Found plain = trained(*method_at(0));
  EXPECT_NEAR(plain.loss, ce, 1e-12);
  const Found above = trained(*method_at(level_below));
  EXPECT_NEAR(above.loss, ce, 1e-12);
  EXPECT_TRUE(torch::allclose(above.gradient, plain.gradient));
  EXPECT_EQ(above.terms.at("frac_below"), 0);
  const Found below = trained(*method_at(level_above));
  EXPECT_NEAR(below.loss, 2 * level_above - ce, 1e-6);
  EXPECT_TRUE(torch::allclose(below.gradient, -plain.gradient));
  EXPECT_EQ(below.terms.at("frac_below"), 1);
  EXPECT_NEAR(below.terms.at("ce"), ce, 1e-12);
  const Found doubled = trained(*method_at(level_above, 5));
  EXPECT_NEAR(doubled.loss, 5 * ce, 1e-6);
  EXPECT_TRUE(torch::allclose(doubled.gradient, 5 * plain.gradient));
}

TEST(Flooding, ActsOnTheLossOfThePicturesAlone) {
  Mirror network;
  const double outliers = test_term("outlier_exposure", "oe", network);
  const auto method = make_method(text("flooding(b=", level_above, ")+outlier_exposure"));
  static const TrainSettings settings{.model = "some:weights"};
  static const auto data = image::open_dataset("procedural:shapes?count=10");
  static const Upload upload({.height = 8, .width = 8}, torch::kCPU,
                             torch::MemoryFormat::Contiguous);
  method->on_fresh_start({network, *data, nullptr, upload, settings, 1, {}});
  const double ce = test_loss("cross_entropy", network);
  EXPECT_NEAR(trained(*method).loss, 2 * level_above - ce + outliers, 1e-6);
}

TEST(Flooding, SaysAtTheEndThatItNeverActed) {
  const auto idle = method_at(level_below);
  trained(*idle);
  ASSERT_EQ(idle->closing_remarks().size(), 1u);
  EXPECT_THAT(idle->closing_remarks()[0], HasSubstr("the loss of no batch lay below b=0.3"));
  const auto busy = method_at(level_above);
  trained(*busy);
  EXPECT_TRUE(busy->closing_remarks().empty());
  EXPECT_TRUE(method_at(0)->closing_remarks().empty());
}

TEST(Flooding, RefusesALevelThatGuessingDoesNotReach) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.method = "flooding(b=1.1)";  // log 3 = 1.0986
  EXPECT_THAT(
      io::error_of([&] { Trainer(settings).run({.out = task.path("run")}); }),
      HasSubstr("[flooding] b=1.1: a network that guesses among 3 classes has a loss of 1.099"));
  EXPECT_FALSE(std::filesystem::exists(task.path("run")));
  settings.method = "flooding(b=1.1,beta=2)";
  settings.steps = 2;
  EXPECT_NO_THROW(Trainer(settings).run({.out = task.path("run")}));
}

TEST(Flooding, NeedsTheWholeBatch) {
  EXPECT_TRUE(make_method("flooding(b=0.1)")->needs_whole_batch());
  EXPECT_FALSE(make_method("flooding(b=0)")->needs_whole_batch());
}

TEST(Flooding, KeepsATrainingLossAtItsLevel) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.method = "flooding(b=0.4)";
  settings.augment = "none";
  settings.steps = 240;
  settings.log_every = 60;
  settings.val.clear();
  const TrainResult done = Trainer(settings).run({.out = task.path("run")});
  const auto lines = io::read_text(task.path("run/metrics.jsonl"));
  const auto last = nlohmann::json::parse(lines.substr(lines.rfind("\n{") + 1));
  EXPECT_NEAR(last.at("ce").get<double>(), 0.4, 0.08);
  EXPECT_EQ(last.at("b").get<double>(), 0.4f);
  EXPECT_GT(last.at("frac_below").get<double>(), 0.1);
  EXPECT_LT(last.at("frac_below").get<double>(), 0.9);
}

}  // namespace
}  // namespace nescio::train
