#include "cli/progress_bar.h"

#include <gtest/gtest.h>

namespace nescio::cli {
namespace {

TEST(ProgressBar, Draws) {
  EXPECT_EQ(draw_bar("x", 0, 4, 80), "[..............................]   0 %  x");
  EXPECT_EQ(draw_bar("x", 2, 4, 80), "[###############...............]  50 %  x");
  EXPECT_EQ(draw_bar("x", 4, 4, 80), "[##############################] 100 %  x");
  EXPECT_EQ(draw_bar("x", 9, 4, 80), draw_bar("x", 4, 4, 80));
  EXPECT_EQ(draw_bar("x", 0, 0, 80), draw_bar("x", 1, 1, 80));
}

TEST(ProgressBar, GivesWayToItsWords) {
  const std::string words = "1064 images/s  0:02 left  loss 2.299  accuracy 0.120";
  const std::string line = draw_bar(words, 1, 2, 79);
  EXPECT_TRUE(line.ends_with(words)) << line;
  EXPECT_EQ(line.size(), 79U);
}

TEST(ProgressBar, IsAPlainLineInALog) {
  EXPECT_EQ(progress_line("812 images/s  loss 0.693", 64, 100),
            "nescio: 64 %  812 images/s  loss 0.693");
  EXPECT_EQ(progress_line("x", 0, 0), "nescio: 100 %  x");
}

TEST(ProgressBar, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(progress_line("a\r", 0, 0), "nescio: 100 %  a\\r");
  EXPECT_EQ(draw_bar("a\xff", 0, 1, 80), "[..............................]   0 %  a\\xff");
}

TEST(ProgressBar, FitsTheTerminal) {
  EXPECT_EQ(draw_bar("a long name", 1, 2, 20).size(), 20U);
  EXPECT_EQ(draw_bar("a long name", 1, 2, 0), "");
  EXPECT_EQ(draw_bar("\u00e4\u00e4", 1, 2, 23), "[#####.....]  50 %  \u00e4");
}

}  // namespace
}  // namespace nescio::cli
