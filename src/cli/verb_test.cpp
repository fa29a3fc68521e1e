#include "cli/verb.h"

#include <gtest/gtest.h>

namespace nescio {
namespace {

class Paint final : public Verb {
 public:
  std::string colour, wall;
  std::int64_t coats = 2;
  void run(Console&) override {}
};

VerbInfo paint() {
  return describe_verb<Paint>(
      {.name = "paint",
       .summary = "Paint a wall.",
       .positional = "colour",
       .options = {option(&Paint::colour, {.name = "colour", .doc = "c", .required = true}),
                   option(&Paint::wall, {.name = "wall", .doc = "w"}),
                   option(&Paint::coats, {.name = "coats", .doc = "n", .min = 1})}});
}

std::string refusal(const std::vector<std::string>& arguments) {
  try {
    parse_options(paint(), arguments);
  } catch (const UsageError& e) {
    return e.what();
  }
  return {};
}

TEST(ParseOptions, PositionalAndKeys) {
  const auto verb = parse_options(paint(), {"mix(red=1,white=2)", "coats=3", "threads=4"});
  const auto& painted = static_cast<const Paint&>(*verb);
  EXPECT_EQ(painted.colour, "mix(red=1,white=2)");
  EXPECT_EQ(painted.coats, 3);
  EXPECT_EQ(verb->threads, 4);
  EXPECT_EQ(parse_options(paint(), {"wall=a=b", "colour=red"})->seed, 0);
}

TEST(ParseOptions, RefusesWithTheName) {
  EXPECT_EQ(refusal({"red", "coat=1"}).substr(0, 59),
            "paint: unknown parameter 'coat'. Did you mean 'coats'? Know");
  EXPECT_EQ(refusal({"wall=x"}), "paint: missing colour= (c)");
  EXPECT_EQ(refusal({"colour="}), "paint: missing colour= (c)");
  EXPECT_EQ(refusal({"red", "colour=blue"}), "paint: 'colour' is given twice");
  EXPECT_NE(refusal({"red", "blue"}).find("expected key=value, found 'blue'"), std::string::npos);
  EXPECT_NE(refusal({"red", "coats=0"}).find(">= 1"), std::string::npos);
}

TEST(ParseOptions, ResolvedOptionsHoldDefaults) {
  const auto resolved = resolved_options(paint(), *parse_options(paint(), {"red"}));
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"colour", "red"}, {"coats", "2"}, {"threads", "auto"}, {"seed", "0"}};
  EXPECT_EQ(resolved, expected);
}

TEST(ParseSplits, TrimsAndRefusesDoubles) {
  EXPECT_EQ(parse_splits(" a/b , c/d", "sets"), (std::vector<std::string>{"a/b", "c/d"}));
  EXPECT_TRUE(parse_splits("", "near").empty());
  EXPECT_THROW(parse_splits("a,,b", "sets"), UsageError);
  EXPECT_THROW(parse_splits("a,b,a", "sets"), UsageError);
}

}  // namespace
}  // namespace nescio
