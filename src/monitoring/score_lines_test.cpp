#include "monitoring/score_lines.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "io/test_folder.h"

namespace nescio::monitoring {
namespace {

TEST(ScoreLines, AreAnswersOrNumbers) {
  EXPECT_EQ(parse_score_line(" -1.5e2 ").score, -150);
  EXPECT_FALSE(parse_score_line("3").predicted);
  const StreamRow row = parse_score_line(
      R"({"picture": "a.jpg", "class": 7, "score": -8.25, "threshold": 1, "is_ood": false})");
  EXPECT_EQ(row.score, -8.25);
  EXPECT_EQ(row.predicted, 7U);
  EXPECT_FALSE(parse_score_line(R"({"score": 1, "class": null})").predicted);
}

TEST(ScoreLines, OthersAreRefused) {
  for (const char* line :
       {"", "nan", "inf", "1 2", "word", "[1]", "{", "{}", R"({"score": "1"})",
        R"({"score": null})", R"({"score": 1e999})", R"({"score": 1, "class": -1})",
        R"({"score": 1, "class": 4294967296})", R"({"score": 1, "class": 1.5})",
        R"({"score": 1, "score": 2})", "{\"score\": 1}}", "\x00\xff"}) {
    EXPECT_NE(io::error_of([&] { parse_score_line(line); }), "") << line;
  }
}

/// Everything that comes out of a pipe into which this was written.
std::vector<std::string> lines_of(const std::string& text) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  EXPECT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  LineReader reader(ends[0]);
  std::vector<std::string> out;
  for (std::string line; reader.next(line);) out.push_back(line);
  ::close(ends[0]);
  return out;
}

TEST(LineReader, CutsAtLineEnds) {
  using testing::ElementsAre;
  EXPECT_THAT(lines_of(""), ElementsAre());
  EXPECT_THAT(lines_of("\n"), ElementsAre(""));
  EXPECT_THAT(lines_of("a\n\nb"), ElementsAre("a", "", "b"));
  EXPECT_THAT(lines_of("a\nb\n"), ElementsAre("a", "b"));
}

TEST(LineReader, BoundsALine) {
  const io::TestFolder folder;
  const auto path = folder.file("long", text(std::string(3 * LineReader::max_line, 'x'), "\ny\n"));
  const io::FileDescriptor file(path, O_RDONLY);
  LineReader reader(file.get());
  std::string line;
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line.size(), LineReader::max_line);
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line, "y");
  EXPECT_FALSE(reader.next(line));
}

TEST(LineReader, EndsWithCtrlC) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "a\nhalf", 6), 6);
  LineReader reader(ends[0]);
  std::string line;
  ASSERT_TRUE(reader.next(line));
  request_interrupt();
  EXPECT_FALSE(reader.next(line));  // half a line is none
  clear_interrupt();
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace nescio::monitoring
