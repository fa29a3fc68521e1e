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

TEST(JsonFile, DeepNestingIsRefused) {
  EXPECT_THAT(error_of([] { parse_json(std::string(100000, '['), "x.json"); }),
              HasSubstr("levels of nesting"));
}

TEST(JsonFile, NumbersBeyondTheRangeAreRefused) {
  EXPECT_THROW(parse_json("[1e999]", "x.json"), Error);
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
