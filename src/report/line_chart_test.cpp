#include "report/line_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "report/test_page.h"

namespace nescio::report {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(LineChart, DrawsACurveForEachSeriesWithItsName) {
  const Html chart =
      line_chart({{"near", "first", {{1, 0.5}, {2, 0.7}}}, {"far", "other", {{1, 0.9}, {2, 0.8}}}},
                 {"step"}, {"AUROC"}, "AUROC over steps", LineMark{2, "chosen"});
  EXPECT_EQ(count(chart.code(), "class=\"curve "), 2u);
  for (const char* words : {"near", "far", "step", "AUROC", "AUROC over steps", "chosen"}) {
    EXPECT_THAT(chart.code(), HasSubstr(words));
  }
}

TEST(LineChart, ALogarithmicAxisHasPowersOfTenAndNoPlaceForZero) {
  const std::vector<LineSeries> series = {{"a", "first", {{0.001, 1}, {0, 2}, {10, 3}, {-1, 4}}}};
  const Html chart = line_chart(series, {"loss", true}, {"value"}, "words");
  for (const char* tick : {">0.001<", ">0.01<", ">0.1<", ">1<", ">10<"}) {
    EXPECT_THAT(chart.code(), HasSubstr(tick));
  }
  EXPECT_THAT(chart.code(), Not(HasSubstr("nan")));
  EXPECT_THAT(chart.code(), Not(HasSubstr("inf")));
}

TEST(LineChart, IsEmptyWithoutTwoFinitePoints) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(line_chart({{"a", "first", {{1, nan}, {2, 1}}}}, {"x"}, {"y"}, "w").empty());
  EXPECT_FALSE(line_chart({{"a", "first", {{1, 1}, {2, 1}}}}, {"x"}, {"y"}, "w").empty());
}

}  // namespace
}  // namespace nescio::report
