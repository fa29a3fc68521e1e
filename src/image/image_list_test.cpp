#include "image/image_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/test_folder.h"

namespace nescio::image {
namespace {

using testing::HasSubstr;

std::string list_fault(std::string_view list) {
  return io::error_of([&] { parse_image_list(list, "test.txt"); });
}
std::int64_t label(std::string_view label) {
  return parse_image_list(text("a.png ", label), "x").at(0).label;
}

TEST(ImageList, SplitsAtTheFirstBlank) {
  const auto pictures = parse_image_list("cifar10/a.png 3\r\ntin/b.JPEG -1\n\n", "x");
  ASSERT_EQ(pictures.size(), 2U);
  EXPECT_EQ(pictures[0].path, "cifar10/a.png");
  EXPECT_EQ(pictures[0].label, 3);
  EXPECT_EQ(pictures[1].path, "tin/b.JPEG");
  EXPECT_EQ(pictures[1].label, -1);
  EXPECT_EQ(label("-7"), -1);
  EXPECT_EQ(label("  5 "), 5);
}

TEST(ImageList, ReadsWhatOtherSystemsWrite) {
  for (const char* list : {"\xef\xbb\xbf"
                           "a.png 3\nb.png 4\n",
                           "a.png\t3\nb.png\t4", "a.png 3\rb.png 4\r", "a.png 3\r\nb.png 4\r\n"}) {
    const auto pictures = parse_image_list(list, "x");
    ASSERT_EQ(pictures.size(), 2U) << list;
    EXPECT_EQ(pictures[0].path, "a.png") << list;
    EXPECT_EQ(pictures[0].label, 3) << list;
    EXPECT_EQ(pictures[1].label, 4) << list;
  }
  EXPECT_THAT(list_fault(std::string_view("\xff\xfe"
                                          "a\0",
                                          4)),
              HasSubstr("UTF-16"));
  EXPECT_THAT(list_fault("..\\a.png 1"), HasSubstr("'..' is not allowed"));
  EXPECT_THAT(list_fault("a\tb.png\t1"), HasSubstr("blank or tab"));
}

TEST(ImageList, TakesTheLabelOfADictionary) {
  EXPECT_EQ(label("{'label': 3, 'x': [1, (2, 'a}b'), {}], \"y\": None}"), 3);
  EXPECT_EQ(label("{\"x\": {'label': 4}, 'label': -1,}"), -1);
  EXPECT_EQ(label("{'it\\'s': 1e3, 'x': -0.5, 'ok': True}"), 0);
  EXPECT_EQ(label("{}"), 0);
}

TEST(ImageList, NamesTheLineOfAMistake) {
  EXPECT_THAT(list_fault("a.png 1\nmy photos/b.png 2\n"), HasSubstr("test.txt: line 2: "));
  EXPECT_THAT(list_fault("a.png 1\nmy photos/b.png 2\n"), HasSubstr("paths cannot hold any"));
  EXPECT_THAT(list_fault("a.png 1\n\nb.png 1"), HasSubstr("line 2: it is empty"));
  EXPECT_THAT(list_fault("a.png"), HasSubstr("line 1: expected 'path label', found 'a.png'"));
  EXPECT_THAT(list_fault(" 1\n"), HasSubstr("expected 'path label'"));
  EXPECT_THAT(list_fault("/etc/passwd 1"), HasSubstr("relative to root="));
  EXPECT_THAT(list_fault("a/../../b.png 1"), HasSubstr("'..' is not allowed"));
  EXPECT_THAT(list_fault(".. 1"), HasSubstr("'..' is not allowed"));
  EXPECT_EQ(list_fault("a..b/..c.png 1"), "");
  EXPECT_THAT(list_fault("a.png 9223372036854775808"), HasSubstr("too large"));
  EXPECT_THAT(list_fault("a.png 1.5"), HasSubstr("expected a whole number"));
  EXPECT_THAT(list_fault(std::string_view("a\0b 1", 5)), HasSubstr("zero byte"));
  EXPECT_THAT(list_fault(""), HasSubstr("test.txt: the list is empty"));
  EXPECT_THAT(list_fault("\n \n"), HasSubstr("the list is empty"));
}

TEST(ImageList, RefusesDictionariesThatPythonWouldRefuse) {
  for (const char* broken :
       {"{", "{'a'}", "{'a': }", "{'a': 1", "{'a': 1} x", "{'a' 1}", "{'a': 'b}", "{'a': foo}",
        "{'a': f(1)}", "{'label': 'x'}", "{'label': 1.5}", "{'a': [1}", "{'a': 1 'b': 2}"}) {
    EXPECT_NE(list_fault(text("a.png ", broken)), "") << broken;
  }
  EXPECT_THAT(list_fault("a.png {'a': " + std::string(100, '[')), HasSubstr("nested too deeply"));
}

}  // namespace
}  // namespace nescio::image
