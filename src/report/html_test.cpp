#include "report/html.h"

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

}  // namespace
}  // namespace nescio::report
