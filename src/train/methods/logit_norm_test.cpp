#include <gtest/gtest.h>

#include "train/test_step.h"

namespace nescio::train {
namespace {

TEST(LogitNorm, IsThePapersFormula) {
  Mirror network;
  for (const double T : {0.04, 0.5, 1.0}) {
    std::vector<std::vector<double>> z = {{2.0, -1.0, 0.5}, {0.1, 0.3, -0.2}};
    for (auto& row : z) {
      double squares = 0;
      for (const double value : row) squares += value * value;
      for (double& value : row) value /= T * (std::sqrt(squares) + 1e-7);
    }
    EXPECT_NEAR(test_loss(text("logit_norm(T=", T, ")"), network),
                plain_cross_entropy({{1, 0, 0}, {0, 0, 1}}, z), 1e-10);
  }
}

TEST(LogitNorm, IsThatOfTheAuthorsCode) {
  // Their loss in Python, double precision.
  Mirror network;
  EXPECT_NEAR(test_loss("logit_norm", network), 16.70382398033104, 1e-10);
  EXPECT_NEAR(test_loss("logit_norm(T=1)", network), 1.2664157205660627, 1e-12);
}

TEST(LogitNorm, ForgetsTheLengthOfLogits) {
  Mirror network;
  const auto loss = [&](double scale) {
    TrainingStep step = test_step(network);
    step.images *= scale;
    return loss_of(*make_method("logit_norm(T=0.1)"), step).item<double>();
  };
  EXPECT_NEAR(loss(1000), loss(1), 1e-4);  // the authors' 1e-7 remains
  EXPECT_NEAR(loss(0), std::log(3.0), 1e-12);
}

TEST(LogitNorm, HasTheGradientOfSmallSteps) {
  Bent network;
  EXPECT_LT(gradient_error("logit_norm(T=0.3)", network), 1e-7);
}

}  // namespace
}  // namespace nescio::train
