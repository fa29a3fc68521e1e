#include "io/json_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "io/test_folder.h"

namespace nescio::io {
namespace {

using ::testing::HasSubstr;

TEST(JsonFile, RoundTrip) {
  const TestFolder folder;
  const nlohmann::json value = {{"a", {1, 2.5, "x"}}, {"b", nullptr}};
  write_json(folder / "a.json", value);
  EXPECT_EQ(read_json(folder / "a.json"), value);
}

TEST(JsonFile, ErrorsNameThePlace) {
  EXPECT_THAT(error_of([] { parse_json("{\"a\": 1,\n  oops}", "x.json"); }),
              HasSubstr("x.json: no valid JSON at line 2, column 3"));
  EXPECT_THAT(error_of([] { parse_json("", "x.json"); }),
              HasSubstr("x.json: no valid JSON at column 1"));
  EXPECT_THAT(error_of([] { parse_json("[1] 2", "x.json"); }),
              HasSubstr("no valid JSON at column "));
}

TEST(JsonFile, DuplicateKeysAreRefused) {
  EXPECT_THAT(error_of([] { parse_json(R"({"a": 1, "a": 2})", "x.json"); }),
              HasSubstr("'a' occurs twice"));
  EXPECT_EQ(parse_json(R"({"a": {"a": 1}, "b": {"a": 1}})", "x.json").size(), 2u);
}

TEST(JsonFile, ReadsEveryKindOfValue) {
  const char* words =
      R"([{"a":{"b":[]},"c":{}},null,true,-3,18446744073709551615,0.1,"\u00e9",[[],[1,{"d":2}]]])";
  EXPECT_EQ(parse_json(words, "x.json"), nlohmann::json::parse(words));
  EXPECT_EQ(parse_json(" 7 ", "x.json"), 7);
}

TEST(JsonFile, DeepNestingIsRefused) {
  EXPECT_THAT(error_of([] { parse_json(std::string(100000, '['), "x.json"); }),
              HasSubstr("levels of nesting"));
  const std::string deepest = std::string(100, '[') + "1" + std::string(100, ']');
  EXPECT_EQ(parse_json(deepest, "x.json").dump(), deepest);
  EXPECT_THAT(error_of([&] { parse_json("{\"a\": " + deepest + "}", "x.json"); }),
              HasSubstr("more than 100 levels of nesting"));
}

TEST(JsonFile, NumbersBeyondTheRangeAreRefused) {
  EXPECT_THAT(error_of([] { parse_json("[1,\n -1e999]", "x.json"); }),
              HasSubstr("x.json: the number -1e999 that ends at line 2, column 7 is too large"));
}

// Once each object in a list cost a look at all those before it: half a million of them took minutes.
TEST(JsonFile, ManyObjectsInOneListAreRead) {
  std::string words = "[{}";
  for (int i = 1; i < 500'000; ++i) words += ",{}";
  EXPECT_EQ(parse_json(words + "]", "x.json").size(), 500'000U);
}

TEST(JsonFile, TextThatIsNotUtf8IsWrittenOut) {
  const TestFolder folder;
  const nlohmann::json value = {{"a\xff", {"\xff\r", "\r\xef\xbf\xbf", 0.1}}};
  write_json(folder / "a.json", value);
  const nlohmann::json shown = {{"a\\xff", {"\\xff\\r", "\r\xef\xbf\xbf", 0.1}}};
  EXPECT_EQ(read_json(folder / "a.json"), shown);
  EXPECT_EQ(in_utf8(value), shown);
  const nlohmann::ordered_json ordered = {{"b", 1}, {"a", "\xff"}};
  EXPECT_EQ(json_text(ordered), "{\n  \"b\": 1,\n  \"a\": \"\\\\xff\"\n}\n");
}

}  // namespace
}  // namespace nescio::io
