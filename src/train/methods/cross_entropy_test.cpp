#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "io/test_folder.h"
#include "train/test_step.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;

TrainingStep labelled_step(nn::Network& network) {
  const torch::Tensor logits = torch::tensor({{2.0, -1.0, 0.5}, {0.0, 3.0, 1.0}}, torch::kFloat64);
  return {.classes = 3, .network = network, .images = logits, .labels = torch::tensor({0, 2})};
}

double loss_of(const char* spec) {
  Mirror network;
  TrainingStep step = labelled_step(network);
  const double loss = loss_of(*make_method(spec), step).item<double>();
  EXPECT_TRUE(step.logits.defined());
  return loss;
}

TEST(CrossEntropy, IsThePapersFormula) {
  const double z[2][3] = {{2.0, -1.0, 0.5}, {0.0, 3.0, 1.0}};
  const int labels[2] = {0, 2};
  for (const double s : {0.0, 0.1, 0.5}) {
    double expected = 0;
    for (int b = 0; b < 2; ++b) {
      const double lse = std::log(std::exp(z[b][0]) + std::exp(z[b][1]) + std::exp(z[b][2]));
      expected += (1 - s) * (lse - z[b][labels[b]]) / 2;
      for (int c = 0; c < 3; ++c) expected += s / 3 * (lse - z[b][c]) / 2;
    }
    EXPECT_NEAR(loss_of(text("cross_entropy(label_smoothing=", s, ")").c_str()), expected, 1e-12);
  }
}

TEST(CrossEntropy, IsThatOfPyTorch) {
  // torch.nn.functional.cross_entropy of Python, double precision.
  EXPECT_NEAR(loss_of("cross_entropy"), 1.2055786581067214, 1e-12);
  EXPECT_NEAR(loss_of("cross_entropy(label_smoothing=0.1)"), 1.2639119914400547, 1e-12);
}

TEST(CrossEntropy, ItsGradientIsThatOfSmallDifferences) {
  Mirror network;
  const auto method = make_method("cross_entropy(label_smoothing=0.2)");
  TrainingStep step = labelled_step(network);
  step.images.requires_grad_();
  loss_of(*method, step).backward();
  const torch::Tensor gradient = step.images.grad();
  const torch::NoGradGuard no_gradients;
  for (std::int64_t i = 0; i < 6; ++i) {
    const auto moved = [&](double by) {
      TrainingStep other = labelled_step(network);
      other.images.view(-1)[i] += by;
      return loss_of(*method, other).item<double>();
    };
    EXPECT_NEAR(gradient.view(-1)[i].item<double>(), (moved(1e-6) - moved(-1e-6)) / 2e-6, 1e-8);
  }
}

TEST(MakeMethod, RefusesWithTheName) {
  const auto fault = [](const char* spec) { return io::error_of([&] { make_method(spec); }); };
  EXPECT_THAT(fault("cross_entrpy"), HasSubstr("Did you mean 'cross_entropy'?"));
  EXPECT_THAT(fault("cross_entropy(smoothing=1)"), HasSubstr("unknown parameter 'smoothing'"));
  EXPECT_THAT(fault("cross_entropy(label_smoothing=1)"), HasSubstr("in [0, 1)"));
  EXPECT_THAT(fault("cross_entropy+cross_entropy"), HasSubstr("stands there twice"));
  EXPECT_THAT(fault("oe+outlier_exposure"), HasSubstr("outlier_exposure stands there twice"));
  EXPECT_THAT(fault("cross_entropy+logit_norm"),
              HasSubstr("expected one loss, found cross_entropy and logit_norm"));
  EXPECT_THAT(fault("mixup+logit_mixoe"), HasSubstr("logit_mixoe has all its terms"));
}

TEST(Methods, DescribeThemselves) {
  for (const MethodInfo& info : methods::catalogue()) {
    EXPECT_FALSE(info.summary.empty()) << info.name;
    EXPECT_FALSE(info.formula.empty()) << info.name;
    EXPECT_FALSE(info.paper.empty()) << info.name;
    EXPECT_EQ(find_method(info.name).name, info.name);
    for (const std::string& alias : info.aliases) EXPECT_EQ(find_method(alias).name, info.name);
    EXPECT_NE(make_method(info.name), nullptr);
  }
}

}  // namespace
}  // namespace nescio::train
