#include <gtest/gtest.h>

#include "train/test_step.h"

namespace nescio {
namespace {

TEST(EnergyBounded, IsThePapersFormula) {
  Mirror network;
  const std::string spec = "energy_bounded(w_energy=0.7,m_in=-1.5,m_out=-1)";
  EXPECT_NEAR(test_loss(spec, network), 0.813625 + 0.7 * 0.391048, 1e-6);  // golden values
}

TEST(EnergyBounded, ShowsTheMeanEnergiesThatMarginsBelongTo) {
  Mirror network;
  const auto energy = [](double a, double b, double c) {
    return -std::log(std::exp(a) + std::exp(b) + std::exp(c));
  };
  EXPECT_NEAR(test_term("energy_bounded", "energy_id", network),
              (energy(2, -1, 0.5) + energy(0.1, 0.3, -0.2)) / 2, 1e-12);
  EXPECT_NEAR(test_term("energy_bounded", "energy_outliers", network),
              (energy(0.4, 0.2, -0.6) + energy(1.5, -0.5, 0)) / 2, 1e-12);
}

TEST(EnergyBounded, HingesAreZeroWithinTheMargins) {
  Mirror network;
  EXPECT_EQ(test_term("energy_bounded(m_in=9,m_out=-9)", "hinge", network), 0);
}

TEST(EnergyBounded, HasTheGradientOfSmallSteps) {
  Bent network;
  EXPECT_LT(gradient_error("energy_bounded(m_in=-2,m_out=-1)", network), 1e-7);
}

}  // namespace
}  // namespace nescio
