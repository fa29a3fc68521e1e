#include "report/heat_colour.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <string>

#include "report/report_css.h"

namespace nescio::report {
namespace {

TEST(HeatColour, ContrastAsTheGuidelinesDefineIt) {
  EXPECT_DOUBLE_EQ(contrast("#000000", "#ffffff"), 21);
  EXPECT_DOUBLE_EQ(contrast("#336699", "#336699"), 1);
  EXPECT_NEAR(contrast("#777777", "#ffffff"), 4.48, 0.005);  // the well-known grey that just fails
}

TEST(HeatColour, NumbersCanBeReadOnEveryColour) {
  double darker = 2;
  for (int i = 0; i <= 1000; ++i) {
    const HeatColour colour = heat_colour(i / 1000.0);
    EXPECT_GE(contrast(colour.background, colour.text), 4.5) << i;
    const double lightness = contrast(colour.background, "#000000") / 21;
    EXPECT_LE(lightness, darker) << i;  // never lighter for a higher AUROC
    darker = lightness;
  }
  EXPECT_EQ(heat_colour(0.2).background, heat_colour(0.5).background);
}

// "--ink: #1b1f24;" of one block of the style sheet.
std::map<std::string, std::string> colours(const std::string& block) {
  std::map<std::string, std::string> out;
  const std::regex line("--([a-z]+): (#[0-9a-f]{6});");
  for (auto at = std::sregex_iterator(block.begin(), block.end(), line);
       at != std::sregex_iterator(); ++at) {
    out[(*at)[1]] = (*at)[2];
  }
  return out;
}

TEST(StyleSheet, TextCanBeReadInBothThemes) {
  const std::string style = report_css;
  const auto dark = style.find("prefers-color-scheme: dark");
  ASSERT_NE(dark, std::string::npos);
  for (const auto& theme : {colours(style.substr(0, dark)), colours(style.substr(dark))}) {
    ASSERT_TRUE(theme.contains("paper") && theme.contains("wash"));
    for (const char* text : {"ink", "soft", "accent", "near", "far"}) {
      EXPECT_GE(contrast(theme.at(text), theme.at("paper")), 4.5) << text;
      EXPECT_GE(contrast(theme.at(text), theme.at("wash")), 4.5) << text;
    }
  }
}

TEST(StyleSheet, LoadsNothing) {
  const std::string style = report_css;
  EXPECT_EQ(style.find("url("), std::string::npos);
  EXPECT_EQ(style.find("@import"), std::string::npos);
}

}  // namespace
}  // namespace nescio::report
