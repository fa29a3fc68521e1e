#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/test_step.h"

namespace nescio::train {
namespace {

TEST(OutlierExposure, IsThePapersFormula) {
  Mirror network;
  EXPECT_NEAR(test_loss("outlier_exposure", network), 1.477469, 1e-6);  // golden, w_oe = 0.5
  EXPECT_NEAR(test_loss("outlier_exposure(w_oe=1)", network), 0.813625 + 1.327687, 2e-6);
  EXPECT_NEAR(test_term("outlier_exposure", "oe", network), 0.5 * 1.327687, 1e-6);
}

TEST(OutlierExposure, CountsTheHardestOutliersAlone) {
  const std::vector<std::vector<double>> uniform = {{1 / 3.0, 1 / 3.0, 1 / 3.0}};
  const double first = plain_cross_entropy(uniform, {{0.4, 0.2, -0.6}});
  const double second = plain_cross_entropy(uniform, {{1.5, -0.5, 0.0}});
  Mirror network;
  EXPECT_NEAR(test_term("outlier_exposure(w_oe=1,top=1)", "oe", network), std::max(first, second),
              1e-12);
  EXPECT_NEAR(test_loss("outlier_exposure(top=9)", network), test_loss("outlier_exposure", network),
              1e-12);
}

TEST(OutlierExposure, HasTheGradientOfSmallSteps) {
  Bent network;
  EXPECT_LT(gradient_error("outlier_exposure", network), 1e-8);
}

/// Says how many pictures it sees at once.
class Counting final : public nn::Network {
 public:
  std::vector<std::int64_t> seen;
  nn::NetworkOutputs forward(const torch::Tensor& images) override {
    seen.push_back(images.size(0));
    return {images, images};
  }
};

TEST(OutlierExposure, SendsEverythingThroughTheNetworkOnce) {
  Counting together, apart;
  test_loss("outlier_exposure", together);
  test_loss("outlier_exposure(forward=separate)", apart);
  EXPECT_THAT(together.seen, testing::ElementsAre(4));
  EXPECT_THAT(apart.seen, testing::ElementsAre(2, 2));
}

}  // namespace
}  // namespace nescio::train
