#include "io/yaml_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/test_folder.h"

namespace nescio::io {
namespace {

using testing::HasSubstr;

TEST(Yaml, KeepsScalarsAsTheyStand) {
  const auto value = parse_yaml(
      "# a comment\n"
      "b: no\n"
      "a: 1e3\n"
      "c: [energy, 'knn(k=50)', \"x: y\"]\n"
      "d:\n"
      "e:\n"
      "  - f: 01\n",
      "x.yaml");
  const std::string expected =
      R"J({"b":"no","a":"1e3","c":["energy","knn(k=50)","x: y"],"d":null,"e":[{"f":"01"}]})J";
  EXPECT_EQ(value.dump(), expected);
  EXPECT_TRUE(parse_yaml("", "x.yaml").is_null());
}

std::string yaml_refusal(const std::string& yaml) {
  return error_of([&] { parse_yaml(yaml, "x.yaml"); });
}

TEST(Yaml, NamesTheLineOfWhatItRefuses) {
  EXPECT_THAT(yaml_refusal("a: 1\nb: [1, 2\n"), HasSubstr("x.yaml: line "));
  EXPECT_THAT(yaml_refusal("a: 1\nb: 2\na: 3\n"), HasSubstr("line 3: the key 'a' occurs twice"));
  EXPECT_THAT(yaml_refusal("a: &x 1\nb: *x\n"), HasSubstr("anchors"));
  EXPECT_THAT(yaml_refusal("a: 1\n--- \nb: 2\n"), HasSubstr("expected one document"));
  EXPECT_THAT(yaml_refusal("? [a]\n: 1\n"), HasSubstr("expected a text as key"));
  EXPECT_THAT(yaml_refusal(std::string(300, '[')), HasSubstr("x.yaml"));
  EXPECT_THAT(yaml_refusal(std::string(300, '[') + std::string(300, ']')),
              HasSubstr("100 levels of nesting"));
}

TEST(Yaml, ManyAliasesCostNothing) {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'j'; ++c) {
    const std::string alias = std::string("*") + static_cast<char>(c - 1);
    bomb += text(c, ": &", c, " [", alias, ",", alias, ",", alias, "]\n");
  }
  EXPECT_THAT(yaml_refusal(bomb), HasSubstr("line 1: anchors"));
}

TEST(Yaml, ManyKeysAreRefused) {
  std::string yaml;
  for (int i = 0; i < 1000; ++i) yaml += text("k", i, ": 1\n");
  EXPECT_EQ(parse_yaml(yaml, "x.yaml").size(), 1000U);
  EXPECT_THAT(error_of([&] { parse_yaml(yaml + "one: more\n", "x.yaml"); }),
              testing::HasSubstr("x.yaml: line 1001: more than 1000 keys in one mapping"));
}

}  // namespace
}  // namespace nescio::io
