#include "report/density_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nescio::report {
namespace {

TEST(DensityChart, DrawsScoresOfAnySize) {
  for (const auto& [low, high] : {std::pair{-1.7e308, 1.7e308},
                                  {1.7e308, 1.7e308},
                                  {1e300, 1e300},
                                  {1e17, 1e17 + 16},
                                  {5e-324, 1e-323},
                                  {0.0, 5e-324},
                                  {-1e-300, 1e-300},
                                  {1e9, 1e9 + 1e-6}}) {
    const std::vector<Distribution> parts = {{"id", "id", {low, low, high}},
                                             {"near", "near", {high, high}}};
    const DensityChart chart = density_chart(parts, "words", DensityMark{high, "left", "right"});
    EXPECT_THAT(chart.chart.code(), testing::Not(testing::HasSubstr("nan"))) << low;
    EXPECT_THAT(chart.chart.code(), testing::Not(testing::HasSubstr("inf"))) << low;
  }
}

}  // namespace
}  // namespace nescio::report
