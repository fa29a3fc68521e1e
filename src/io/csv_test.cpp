#include "io/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "io/test_folder.h"

namespace nescio::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Csv, QuotesOnlyWhereNeeded) {
  EXPECT_EQ(csv_row({"knn", "0.5", ""}), "knn,0.5,\n");
  EXPECT_EQ(csv_row({"knn(k=5,T=1)", "say \"hi\"", "a\nb"}),
            "\"knn(k=5,T=1)\",\"say \"\"hi\"\"\",\"a\nb\"\n");
  EXPECT_EQ(csv_field(" a"), "\" a\"");
}

TEST(Csv, RoundTrip) {
  const std::vector<std::vector<std::string>> rows = {
      {"a", "b,c", "\"", ""}, {""}, {"line\nend", "\r\n", " x "}, {",", ",,"}};
  std::string text;
  for (const auto& row : rows) text += csv_row(row);
  EXPECT_EQ(parse_csv(text, "t"), rows);
}

TEST(Csv, ReadsWindowsLinesAndAMissingLastLineEnd) {
  EXPECT_THAT(parse_csv("a,b\r\nc,", "t"),
              ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "")));
  EXPECT_TRUE(parse_csv("", "t").empty());
}

TEST(Csv, BadQuotesNameTheLine) {
  EXPECT_THAT(error_of([] { parse_csv("a\n\"b", "t.csv"); }),
              HasSubstr("t.csv: the quote opened in line 2"));
  EXPECT_THAT(error_of([] { parse_csv("a\"b", "t.csv"); }), HasSubstr("line 1"));
  EXPECT_THAT(error_of([] { parse_csv("\"a\"b", "t.csv"); }), HasSubstr("comma"));
}

}  // namespace
}  // namespace nescio::io
