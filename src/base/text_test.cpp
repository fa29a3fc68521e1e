#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"

namespace nescio {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Split, CutsOnlyOutsideBrackets) {
  EXPECT_THAT(split_top_level("knn(k=5,T=1), vim ,a[1,2]"),
              ElementsAre("knn(k=5,T=1)", "vim", "a[1,2]"));
  EXPECT_THAT(split_top_level("a,,b"), ElementsAre("a", "", "b"));
  EXPECT_THAT(split_top_level("  "), IsEmpty());
  for (const char* bad : {"a(b", "a)b", "a(b]", "((a)"})
    EXPECT_THROW(split_top_level(bad), Error) << bad;
}

TEST(Numbers, RoundTripInTheShortestForm) {
  for (const double v : {0.1, 1e-6, 50.0, -2.5, 1e300, 5e-324, 1.0 / 3}) {
    EXPECT_EQ(parse_number(format_number(v), "x"), v);
  }
  EXPECT_EQ(format_number(0.1), "0.1");
  EXPECT_EQ(format_number(50), "50");
  EXPECT_EQ(format_number(1e-6), "1e-06");
  EXPECT_EQ(format_number(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(parse_number(" +2.5 ", "x"), 2.5);
  EXPECT_EQ(parse_integer("-7", "k"), -7);
}

TEST(Numbers, RefuseAnythingElse) {
  for (const char* bad : {"", "five", "1.2.3", "1e999", "0x10", "1 2"})
    EXPECT_THROW(parse_number(bad, "x"), Error) << bad;
  for (const char* bad : {"1.5", "99999999999999999999", ""})
    EXPECT_THROW(parse_integer(bad, "k"), Error) << bad;
}

TEST(Suggest, NamesTheNearestOnlyIfItIsNear) {
  const std::vector<std::string> known = {"energy", "knn", "mahalanobis"};
  EXPECT_THAT(suggest("enrgy", known), HasSubstr("Did you mean 'energy'?"));
  EXPECT_THAT(suggest("mahalonobis", known), HasSubstr("'mahalanobis'"));
  EXPECT_THAT(suggest("vmi", {"gmm", "vim"}), HasSubstr("'vim'"));
  EXPECT_THAT(suggest("KNN", known), HasSubstr("'knn'"));
  EXPECT_THAT(suggest("MAHALANOBIS", known), HasSubstr("'mahalanobis'"));
  EXPECT_THAT(suggest("ood", {"id", "far"}), Not(HasSubstr("Did you mean")));
  EXPECT_THAT(suggest("something", known), Not(HasSubstr("Did you mean")));
  EXPECT_THAT(suggest("something", known), HasSubstr("Known: energy, knn, mahalanobis."));
  std::vector<std::string> many;  // columns of a table
  for (int i = 0; i < 512; ++i) many.push_back(text("feature", i));
  EXPECT_THAT(suggest("feature51x", many), HasSubstr("Did you mean 'feature51'?"));
  EXPECT_THAT(suggest("feature51x", many), HasSubstr("feature28, feature29 and 482 more."));
}

TEST(Text, PrintableKeepsWhatCanBeSeenAndWritesOutTheRest) {
  EXPECT_EQ(printable("a/\xc3\xa4 \xf0\x9f\x90\xb1.png"), "a/\xc3\xa4 \xf0\x9f\x90\xb1.png");
  EXPECT_EQ(printable("\xe4.png\n"), "\\xe4.png\\n");
  EXPECT_EQ(printable("\x1b[2Ja\r\t\x7f"), "\\x1b[2Ja\\r\\t\\x7f");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");                           // longer than needed
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");                  // half a surrogate pair
  EXPECT_EQ(printable("x\xf4\x90\x80\x80"), "x\\xf4\\x90\\x80\\x80");       // beyond the last
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");                           // ends too early
  EXPECT_EQ(printable("\xef\xbf\xbf\xf0\x9f\xbf\xbf"), "\\uffff\\U1ffff");  // no characters
  EXPECT_EQ(printable("\xc2\x9b\xe2\x80\xae"),
            "\\u009b\\u202e");  // moves the cursor, turns the line
  EXPECT_EQ(printable("\xef\xbf\xbd"), "\xef\xbf\xbd");
  EXPECT_EQ(printable(""), "");
}

}  // namespace
}  // namespace nescio
