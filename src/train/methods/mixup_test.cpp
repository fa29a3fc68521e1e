#include <gtest/gtest.h>

#include "train/mixing.h"
#include "train/test_step.h"

namespace nescio::train {
namespace {

TEST(Mixup, IsThePapersFormula) {
  Bent network;
  const double x[2][3] = {{2.0, -1.0, 0.5}, {0.1, 0.3, -0.2}};
  const std::size_t y[2] = {0, 2};
  bool exchanged = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    torch::manual_seed(seed);
    const double l = draw_beta(0.7, 0.7, 1).item<double>();
    const bool exchange = torch::randperm(2)[0].item<std::int64_t>() == 1;
    exchanged |= exchange;
    std::vector<std::vector<double>> z(2), q(2, std::vector<double>(3));
    for (std::size_t b = 0; b < 2; ++b) {
      const std::size_t o = exchange ? 1 - b : b;
      for (std::size_t c = 0; c < 3; ++c) {
        const double v = l * x[b][c] + (1 - l) * x[o][c];
        z[b].push_back(v + v * v / 4);
      }
      q[b][y[b]] += l;
      q[b][y[o]] += 1 - l;
    }
    torch::manual_seed(seed);
    TrainingStep step = test_step(network);
    EXPECT_NEAR(loss_of(*make_method("mixup(alpha=0.7)"), step).item<double>(),
                plain_cross_entropy(q, z), 1e-12);
    EXPECT_TRUE(step.targets.defined());  // so no accuracy is logged
    EXPECT_EQ(step.rows, 2);
  }
  EXPECT_TRUE(exchanged);
}

TEST(Mixup, WithoutMixingIsCrossEntropy) {
  Bent network;
  EXPECT_NEAR(test_loss("mixup(alpha=0)", network), test_loss("cross_entropy", network), 1e-12);
  EXPECT_EQ(test_term("mixup(alpha=0)", "lambda", network), 1);
}

TEST(Mixup, HasTheGradientOfSmallSteps) {
  Bent network;
  EXPECT_LT(gradient_error("mixup", network), 1e-8);
}

}  // namespace
}  // namespace nescio::train
