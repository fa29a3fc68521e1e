#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/test_folder.h"
#include "train/test_step.h"

namespace nescio::train {
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

TEST(EnergyBounded, AHingeIsZeroWithinItsMargin) {
  Mirror network;
  const double id = test_term("energy_bounded", "energy_id", network);
  const double outliers = test_term("energy_bounded", "energy_outliers", network);
  // One side lies within its margin, all of the other beyond: its hinge is a mean square, of at
  // least the square of the mean.
  EXPECT_GE(test_term("energy_bounded(w_energy=1,m_in=9,m_out=9)", "hinge", network),
            (9 - outliers) * (9 - outliers));
  EXPECT_GE(test_term("energy_bounded(w_energy=1,m_in=-9,m_out=-9)", "hinge", network),
            (id + 9) * (id + 9));
  EXPECT_LT(test_term("energy_bounded(w_energy=1,m_in=-9,m_out=-9)", "hinge", network),
            (id + 9) * (id + 9) + 1);
}

TEST(EnergyBounded, RefusesMarginsThatPartNothing) {
  EXPECT_THAT(io::error_of([] { make_method("energy_bounded(m_in=-5,m_out=-23)"); }),
              testing::HasSubstr("m_in: expected at most m_out=-23, found -5"));
}

TEST(EnergyBounded, HasTheGradientOfSmallSteps) {
  Bent network;
  EXPECT_LT(gradient_error("energy_bounded(m_in=-2,m_out=-1)", network), 1e-7);
}

}  // namespace
}  // namespace nescio::train
