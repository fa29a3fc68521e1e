#include "report/html.h"

#include <gtest/gtest.h>

namespace nescio {
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

TEST(Html, KeepsUtf8AndReplacesEverythingElse) {
  const std::string good = "caf\u00E9 \u2264 \U0001F600";
  EXPECT_EQ(Html(good).code(), good);
  const std::string bad = "\uFFFD";
  EXPECT_EQ(Html("a\xFFz").code(), "a" + bad + "z");                  // never a first byte
  EXPECT_EQ(Html("a\xC3").code(), "a" + bad);                         // cut off
  EXPECT_EQ(Html("\xC0\xAF").code(), bad + bad);                      // overlong '/'
  EXPECT_EQ(Html("\xED\xA0\x80").code(), bad + bad + bad);            // half of a surrogate pair
  EXPECT_EQ(Html("\xF4\x90\x80\x80").code(), bad + bad + bad + bad);  // beyond U+10FFFF
  EXPECT_EQ(Html(std::string_view("a\0b\x1B\n", 5)).code(), "a b \n");
}

TEST(Html, ShortensByCharacters) {
  EXPECT_EQ(shorten("knn(k=50)", 9), "knn(k=50)");
  EXPECT_EQ(shorten("knn(k=50)", 4), "knn\u2026");
  EXPECT_EQ(shorten("\u00E9\u00E9\u00E9", 2), "\u00E9\u2026");
}

}  // namespace
}  // namespace nescio
