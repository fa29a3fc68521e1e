#include "cli/verb.h"

#include <gtest/gtest.h>

#include "io/test_folder.h"

namespace nescio::cli {
namespace {

class Paint final : public Verb {
 public:
  std::string colour, wall;
  std::int64_t coats = 2;
  double gloss = 0.5;
  void run(Console&) override {}
};

VerbInfo paint() {
  return describe_verb<Paint>(
      {.name = "paint",
       .summary = "Paint a wall.",
       .positional = "colour",
       .options = {option(&Paint::colour, {.name = "colour", .doc = "c", .required = true}),
                   option(&Paint::wall, {.name = "wall", .doc = "w"}),
                   option(&Paint::coats, {.name = "coats", .doc = "n", .min = 1}),
                   option(&Paint::gloss, {.name = "gloss", .doc = "g"},
                          {"coats above 1", [](const Paint& p) { return p.coats > 1; }})}});
}

std::string refusal(const std::vector<std::string>& arguments) {
  try {
    parse_options(paint(), arguments);
  } catch (const UsageError& e) {
    return e.what();
  }
  return {};
}

TEST(AsUsage, LeavesAnInterruptAsItIs) {
  EXPECT_THROW(as_usage([] { fail("x"); }), UsageError);
  EXPECT_THROW(as_usage([] { throw Interrupted(); }), Interrupted);
}

TEST(ParseOptions, PositionalAndKeys) {
  const auto verb = parse_options(paint(), {"mix(red=1,white=2)", "coats=3", "threads=4"});
  const auto& painted = static_cast<const Paint&>(*verb);
  EXPECT_EQ(painted.colour, "mix(red=1,white=2)");
  EXPECT_EQ(painted.coats, 3);
  EXPECT_EQ(verb->threads, 4);
  EXPECT_EQ(parse_options(paint(), {"wall=a=b", "colour=red"})->seed, 0);
  const auto last = parse_options(paint(), {"coats=3", "mix(red=1)"});
  EXPECT_EQ(static_cast<const Paint&>(*last).colour, "mix(red=1)");
}

TEST(ParseOptions, SeveralWordsWithoutAKeyWhereTheyAreJoined) {
  VerbInfo info = paint();
  info.joint = ",";
  const auto verb = parse_options(info, {"red", "coats=3", "mix(red=1)", "blue"});
  EXPECT_EQ(static_cast<const Paint&>(*verb).colour, "red,mix(red=1),blue");
  EXPECT_THROW(parse_options(info, {"red", "colour=blue"}), UsageError);
  EXPECT_EQ(refusal({"red", "blue"}).substr(0, 45),
            "paint: expected key=value, found 'blue'; `nes");
}

TEST(ParseOptions, RefusesWithTheName) {
  EXPECT_EQ(refusal({"red", "coat=1"}).substr(0, 59),
            "paint: unknown parameter 'coat'. Did you mean 'coats'? Know");
  EXPECT_EQ(refusal({"wall=x"}), "paint: missing colour= (c)");
  EXPECT_EQ(refusal({"colour="}), "paint: missing colour= (c)");
  EXPECT_EQ(refusal({"red", "colour=blue"}), "paint: 'colour' is given twice");
  EXPECT_NE(refusal({"colour=red", "blue"}).find("found 'blue'"), std::string::npos);
  EXPECT_NE(refusal({"red", "blue"}).find("expected key=value, found 'blue'"), std::string::npos);
  EXPECT_NE(refusal({"red", "coats=0"}).find(">= 1"), std::string::npos);
}

TEST(ParseOptions, WhatDoesNothingIsSaid) {
  EXPECT_EQ(refusal({"red", "gloss=0.5", "coats=1"}),
            "paint: gloss=0.5 does nothing here: it counts only with coats above 1; leave it out");
  EXPECT_EQ(refusal({"red", "gloss=inf"}).find("paint: gloss: expected a finite value"), 0U);
  // In a file it may be what was typed that makes it idle.
  const io::TestFolder folder;
  const std::string file =
      "config=" + folder.file("paint.yaml", "colour: red\ngloss: 0.7\n").string();
  const auto verb = parse_options(paint(), {file, "coats=1"});
  ASSERT_EQ(verb->notices.size(), 1U);
  EXPECT_EQ(verb->notices[0],
            "gloss=0.7 of the file does nothing here: it counts only with coats above 1");
  EXPECT_EQ(static_cast<const Paint&>(*verb).gloss, 0.5);
  EXPECT_TRUE(parse_options(paint(), {file})->notices.empty());
}

TEST(ParseOptions, AFileOfOptions) {
  const io::TestFolder folder;
  const std::string file = "config=" + folder
                                           .file("paint.yaml",
                                                 "# a wall\ncolour: red\nwall: [a, b]\n"
                                                 "coats: 3\nseed: 7\n")
                                           .string();
  const auto verb = parse_options(paint(), {file, "coats=4"});
  const auto& painted = static_cast<const Paint&>(*verb);
  EXPECT_EQ(painted.colour, "red");
  EXPECT_EQ(painted.wall, "a,b");
  EXPECT_EQ(painted.coats, 4);
  EXPECT_EQ(verb->seed, 7);
  for (const auto& [key, value] : resolved_options(paint(), *verb)) EXPECT_NE(key, "config");
  EXPECT_EQ(static_cast<const Paint&>(*parse_options(paint(), {"blue", file})).colour, "blue");
}

TEST(ParseOptions, RefusesFilesWithTheName) {
  const io::TestFolder folder;
  const auto of = [&](std::string_view yaml) {
    const std::string path = folder.file("x.yaml", yaml).string();
    const std::string message = refusal({"config=" + path});
    EXPECT_EQ(message.substr(0, path.size()), path);
    return message.substr(path.size());
  };
  EXPECT_EQ(of("coat: 1\n").substr(0, 60),
            ": paint: unknown parameter 'coat'. Did you mean 'coats'? Kno");
  EXPECT_NE(of("coats: none\n").find("whole number"), std::string::npos);
  EXPECT_NE(of("wall: {a: b}\n").find("found a mapping"), std::string::npos);
  EXPECT_NE(of("wall: [[a]]\n").find("plain values"), std::string::npos);
  EXPECT_NE(of("config: y.yaml\n").find("another"), std::string::npos);
  // A file that is none is no mistake in the words of the command.
  folder.file("list.yaml", "- a\n");
  for (const char* file : {"list.yaml", "none.yaml"}) {
    const auto read = [&] { parse_options(paint(), {"config=" + (folder / file).string()}); };
    EXPECT_NE(io::error_of(read).find(file), std::string::npos);
    EXPECT_THROW(
        {
          try {
            read();
          } catch (const UsageError&) {
          }
        },
        Error);
  }
}

TEST(ParseOptions, ResolvedOptionsHoldDefaults) {
  const auto resolved = resolved_options(paint(), *parse_options(paint(), {"red"}));
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"colour", "red"}, {"coats", "2"}, {"gloss", "0.5"}, {"threads", "auto"}, {"seed", "0"}};
  EXPECT_EQ(resolved, expected);
}

TEST(ParseSplits, TrimsAndRefusesDoubles) {
  EXPECT_EQ(parse_splits(" a/b , c/d", "sets"), (std::vector<std::string>{"a/b", "c/d"}));
  EXPECT_TRUE(parse_splits("", "near").empty());
  EXPECT_THROW(parse_splits("a,,b", "sets"), UsageError);
  EXPECT_THROW(parse_splits("a,b,a", "sets"), UsageError);
}

}  // namespace
}  // namespace nescio::cli
