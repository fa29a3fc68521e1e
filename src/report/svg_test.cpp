#include "report/svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nescio::report {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Svg, TicksAreRoundAndInside) {
  EXPECT_THAT(ticks(0, 100, 5), ElementsAre(0, 20, 40, 60, 80, 100));
  EXPECT_THAT(ticks(-0.31, 0.22, 5),
              ElementsAre(DoubleNear(-0.2, 1e-12), 0, DoubleNear(0.2, 1e-12)));
  EXPECT_THAT(ticks(1e6, 1e6 + 3, 3), ElementsAre(1e6, 1e6 + 1, 1e6 + 2, 1e6 + 3));
  EXPECT_TRUE(ticks(1, 1, 5).empty());
}

TEST(Svg, TicksStopWhereDoublesAreTooFarApart) {
  EXPECT_TRUE(ticks(1e18, 1e18 + 128, 5).empty());
  EXPECT_LE(ticks(-1.7e308, 1.7e308, 5).size(), 10U);
  EXPECT_LE(ticks(0, 5e-324, 5).size(), 10U);
  EXPECT_EQ(ticks(0, 1, 5).size(), 6U);
}

TEST(Svg, TickTextHasTheDecimalsOfItsStep) {
  EXPECT_EQ(tick_text(0.2, 0.1), "0.2");
  EXPECT_EQ(tick_text(-20, 10), "-20");
  EXPECT_EQ(tick_text(0.25, 0.05), "0.25");
  EXPECT_EQ(tick_text(4e9, 1e9), "4e+09");
}

TEST(Svg, ScaleMayRunDown) {
  const Scale y{0, 2, 100, 20};
  EXPECT_EQ(y(0), 100);
  EXPECT_EQ(y(1), 60);
}

TEST(Svg, WritesTenthsAndNoMinusZero) {
  const std::vector<Point> points = {{0, -0.01}, {1.26, 2}};
  EXPECT_THAT(path(points, "curve").code(), HasSubstr("d=\"M0 0L1.3 2\""));
  EXPECT_THAT(area(points, 5, "filled").code(), HasSubstr("L1.3 5L0 5Z"));
}

TEST(Svg, SpreadKeepsDistancesAndBorders) {
  EXPECT_THAT(spread({10, 12, 50}, 20, 0, 100), ElementsAre(10, 30, 50));
  EXPECT_THAT(spread({95, 99}, 10, 0, 100), ElementsAre(90, 100));
  EXPECT_TRUE(spread({}, 10, 0, 100).empty());
}

TEST(Svg, DrawingsAreNamed) {
  EXPECT_THAT(drawing(10, 5, "a < b", {}).code(),
              HasSubstr("role=\"img\" aria-label=\"a &lt; b\""));
}

}  // namespace
}  // namespace nescio::report
