#include "report/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nescio::report {
namespace {

TEST(Html, EscapesTextAndAttributes) {
  EXPECT_EQ(Html("<script>alert('1' & \"2\")</script>").code(),
            "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;");
  EXPECT_EQ(tag("p", {{"title", "a\"b<c"}}, "x<y").code(), "<p title=\"a&quot;b&lt;c\">x&lt;y</p>");
  EXPECT_EQ(empty_tag("img", {{"alt", "a>b"}}).code(), "<img alt=\"a&gt;b\"/>");
}

TEST(Html, MarkupIsEscapedOnce) {
  EXPECT_EQ(tag("p", tag("b", "&") + " <").code(), "<p><b>&amp;</b> &lt;</p>");
}

TEST(Html, KeepsUtf8AndWritesOutEverythingElse) {
  const std::string good = "caf\u00E9 \u2264 \U0001F600\n\n";
  EXPECT_EQ(Html(good).code(), good);
  EXPECT_EQ(Html("a\xFFz").code(), "a\\xffz");
  EXPECT_EQ(Html("<\xEF\xBF\xBF>").code(), "&lt;\\uffff&gt;");
  EXPECT_EQ(Html(std::string_view("a\0b\x1B\r\n", 6)).code(), "a\\x00b\\x1b\\r\n");
  EXPECT_EQ(tag("p", {{"title", "\xFF"}}, "").code(), "<p title=\"\\xff\"></p>");
}

TEST(Html, ShortensByCharacters) {
  EXPECT_EQ(shorten("knn(k=50)", 9), "knn(k=50)");
  EXPECT_EQ(shorten("knn(k=50)", 4), "knn\u2026");
  EXPECT_EQ(shorten("\u00E9\u00E9\u00E9", 2), "\u00E9\u2026");
}

TEST(Html, ShortensNamesSoThatTheyCanBeToldApart) {
  using testing::ElementsAre;
  EXPECT_THAT(shorten_all({"react(q=0.9,fit_on=train)+energy", "knn",
                           "react(q=0.9,fit_on=train)+max_logit", "react(q=0.9,fit_on=train)+msp"},
                          18),
              ElementsAre("react\u2026energy", "knn", "react\u2026max_logit", "react\u2026msp"));
  EXPECT_THAT(shorten_all({"gen(gamma=0.5,m=10)+more", "gen(gamma=0.5,m=100)+more"}, 12),
              ElementsAre("gen\u2026m=10)+m\u2026", "gen\u2026m=100)+\u2026"));
  EXPECT_THAT(shorten_all({"openmax(alpha=10,tail=20)", "openmax(alpha=3,tail=20)"}, 18),
              ElementsAre("openmax(alpha=10,\u2026", "openmax(alpha=3,t\u2026"));
  EXPECT_THAT(shorten_all({"aaaaaaaaaaaa", "aaaaaaaaaaab", "aaaaaaaaaaaabc"}, 9),
              ElementsAre("aa\u2026", "aa\u2026b", "aa\u2026bc"));
  EXPECT_THAT(shorten_all({"\u00E9\u00E9\u00E9\u00E9\u00E8", "\u00E9\u00E9\u00E9\u00E9\u00E9"}, 4),
              ElementsAre("\u2026\u00E8", "\u2026\u00E9"));
  EXPECT_THAT(shorten_all({"the same name twice", "the same name twice"}, 9),
              ElementsAre("the same\u2026", "the same\u2026"));
}

}  // namespace
}  // namespace nescio::report
