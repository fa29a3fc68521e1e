#include "io/json_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "io/test_folder.h"

namespace nescio {
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
  EXPECT_THAT(error_of([] { parse_json("", "x.json"); }), HasSubstr("line 1, column 1"));
  EXPECT_THAT(error_of([] { parse_json("[1] 2", "x.json"); }), HasSubstr("line 1"));
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

TEST(JsonFile, TextThatIsNotUtf8IsAnErrorAndLeavesTheFile) {
  const TestFolder folder;
  const auto path = folder.file("a.json", "{}");
  EXPECT_THROW(write_json(path, nlohmann::json{{"a", "\xff"}}), Error);
  EXPECT_EQ(read_text(path), "{}");
}

}  // namespace
}  // namespace nescio
