#include "report/scatter_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "report/test_page.h"

namespace nescio::report {
namespace {

std::string chart(const std::vector<ScatterPoint>& points) {
  return scatter_chart(points, {"operations", true}, {"AUROC"}, "words").code();
}

TEST(ScatterChart, DrawsEveryPointThatHasAPlace) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const std::string code = chart({{.name = "a", .x = 1, .y = 50},
                                  {.name = "b", .x = 1e9, .y = 90, .hollow = true},
                                  {.name = "zero", .x = 0, .y = 70},
                                  {.name = "none", .x = 10, .y = none}});
  EXPECT_EQ(count(code, "<circle"), 2U);
  EXPECT_EQ(count(code, "class=\"hollow\""), 1U);
  EXPECT_TRUE(chart({{.name = "a", .x = 1, .y = 50}}).empty());
  EXPECT_TRUE(chart({}).empty());
}

TEST(ScatterChart, NamesWhatIsAskedForWithoutCoveringOthers) {
  std::vector<ScatterPoint> points;
  for (int i = 0; i < 40; ++i) {  // all in one place but one
    points.push_back({.name = "crowd" + std::to_string(i), .x = 100, .y = 50, .named = true});
  }
  points.push_back({.name = "alone", .x = 1e6, .y = 90, .named = true});
  points.push_back({.name = "unnamed", .x = 1e4, .y = 70});
  const std::string code = chart(points);
  EXPECT_EQ(count(code, ">alone<"), 1U);
  EXPECT_EQ(count(code, ">unnamed<"), 0U);
  EXPECT_GT(count(code, ">crowd"), 0U);
  EXPECT_LT(count(code, ">crowd"), 10U);
  EXPECT_EQ(count(code, "<circle"), 42U);
}

TEST(ScatterChart, SurvivesPointsInOneLine) {
  EXPECT_EQ(chart({{.name = "a", .x = 5, .y = 1}, {.name = "b", .x = 5, .y = 1}}).find("nan"),
            std::string::npos);
}

}  // namespace
}  // namespace nescio::report
