#include "bank/token_answers.h"

#include <gmock/gmock.h>

#include <cmath>

#include "bank/answers.h"
#include "base/interrupt.h"
#include "io/test_folder.h"

namespace nescio::bank {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string line(const std::string& rows) {
  return R"({"prompt": "a", "ground_truth": "b", "logprobs": )" + rows + "}\n";
}

class TokenAnswers : public testing::Test {
 protected:
  TokenFacts import(const std::string& content,
                    const TokenOptions& options = {.vocabulary = 50, .top = 3}) {
    return import_tokens(bank_, "t/train", folder_.file("t.jsonl", content).string(), options,
                         Rest::kept);
  }
  std::string fault(const std::string& content,
                    const TokenOptions& options = {.vocabulary = 50, .top = 3}) {
    return io::error_of([&] { import(content, options); });
  }
  template <class T>
  std::vector<T> values(const std::string& name) {
    const Array array = bank_.array("t/train", name);
    const auto all = array.as<T>();
    return {all.begin(), all.end()};
  }

  io::TestFolder folder_;
  FeatureBank bank_ = FeatureBank::open_or_create(folder_ / "bank");
};

TEST_F(TokenAnswers, AreRowsOfASplitThatAnswersRead) {
  // p of the first row: 0.1 for the token itself, 0.2, 0.5 and 0.05; the last does not fit.
  const std::string first =
      "[[[7,-2.302585],[8,-1.609438],[9,-0.693147],[3,-2.995732]],[[4,-0.1]]]";
  const TokenFacts facts = import(line(first) + line("[]") + line("[[[49, -3], [0, -0.5]]]"));
  EXPECT_EQ(facts.lines, 3u);
  EXPECT_EQ(facts.rows, 3u);
  EXPECT_EQ(facts.shorter, 2u);
  EXPECT_EQ(facts.longer, 1u);
  EXPECT_THAT(values<std::int64_t>("index"), ElementsAre(0, 0, 2));
  EXPECT_THAT(values<std::int64_t>("labels"), ElementsAre(7, 4, 49));
  EXPECT_THAT(values<float>("label_log_p(view=0)"), ElementsAre(-2.302585f, -0.1f, -3));

  const Answers answers(bank_, "t/train");
  EXPECT_EQ(answers.views(), 0u);
  EXPECT_EQ(answers.classes(), 50u);
  EXPECT_EQ(answers.kept(), 3u);
  std::vector<std::int64_t> classes(3);
  std::vector<float> log_p(3);
  answers.top_classes(0, 0, classes);
  answers.values(0, 0, log_p);
  EXPECT_THAT(classes, ElementsAre(9, 8, 7));
  EXPECT_THAT(log_p, ElementsAre(-0.693147f, -1.609438f, -2.302585f));
  EXPECT_NEAR(std::exp(answers.tail(0, 0)), 1 - 0.5 - 0.2 - 0.1, 1e-6);

  // What is not there has no probability, at any temperature.
  answers.top_classes(1, 0, classes);
  answers.values(1, 0, log_p);
  EXPECT_THAT(classes, ElementsAre(4, 4, 4));
  for (const double T : {0.5, 1.0, 4.0}) {
    std::vector<double> p(3);
    const double rest = probabilities(answers, log_p, answers.tail(1, 0), T, p);
    EXPECT_EQ(p[1] + p[2], 0) << T;
    EXPECT_NEAR(p[0] + rest, 1, 1e-12) << T;
  }
  answers.top_classes(2, 0, classes);
  EXPECT_THAT(classes, ElementsAre(0, 49, 0));
  const AnswerFacts about = facts_of(answers, values<std::int64_t>("labels"));
  EXPECT_NEAR(about.accuracy, 1.0 / 3, 1e-12);
}

TEST_F(TokenAnswers, OfASureModelHaveATail) {
  import(line("[[[7, 0]], [[7, -1e-9], [8, -21]], [[7, -0.001], [8, -6.9]]]"));
  const Answers answers(bank_, "t/train");
  EXPECT_FLOAT_EQ(answers.tail(0, 0), std::log(std::ldexp(1.0f, -24)));
  EXPECT_FLOAT_EQ(answers.tail(1, 0), std::log(std::ldexp(1.0f, -24)));
  EXPECT_FLOAT_EQ(answers.tail(2, 0), std::log(std::ldexp(1.0f, -24)));  // sum rounded above 1
}

TEST_F(TokenAnswers, OfEqualProbabilityBeginWithTheTokenItself) {
  import(line("[[[7, -2], [8, -2], [9, -2], [6, -2]]]"));
  EXPECT_THAT(values<std::int32_t>("top_classes(view=0)"), ElementsAre(7, 8, 9));
}

TEST_F(TokenAnswers, ThatAreDamagedLeaveTheBankAsItWas) {
  import(line("[[[7, -1]]]"));
  const std::string before = bank_.manifest("t/train").dump();
  const std::string good = line("[[[8, -1]]]");
  EXPECT_THAT(fault(good + good + "{\"prompt\""), HasSubstr("t.jsonl: line 3: no valid JSON"));
  EXPECT_THAT(fault(good + "\n" + good), HasSubstr("t.jsonl: line 2: no valid JSON at column 1"));
  EXPECT_THAT(fault(good + line("[[[50, -1]]]")),
              HasSubstr("t.jsonl: line 2: row 0: slot 0: found the token 50, expected 0 .. 49"));
  EXPECT_THAT(fault(line("[]")), HasSubstr("t.jsonl: expected rows of tokens, found none"));
  EXPECT_THAT(fault(""), HasSubstr("found none"));
  EXPECT_THAT(fault(good, {.vocabulary = 9, .top = 9}), HasSubstr("top=9: expected 1 .. 8"));
  EXPECT_THAT(fault(good, {.vocabulary = 9, .top = 0}), HasSubstr("top=0: expected 1 .. 8"));
  EXPECT_THAT(fault(good, {.vocabulary = std::size_t{1} << 40}),
              HasSubstr("expected at most 2147483648"));
  EXPECT_EQ(bank_.manifest("t/train").dump(), before);
  EXPECT_EQ(FeatureBank::open(folder_ / "bank").manifest("t/train").dump(), before);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "bank/.partial/t"));
}

TEST_F(TokenAnswers, GoOnWhereAnImportWasInterrupted) {
  std::string content, last;
  for (int i = 0; i < 12000; ++i) {  // two rows each: more than one window
    content += line(text("[[[", i % 50, ",-1]],[[", (i + 1) % 50, ",-0.5],[", i % 50, ",-2]]]"));
  }
  import(content);
  const std::string file = (folder_ / "t.jsonl").string();
  FeatureBank other = FeatureBank::open_or_create(folder_ / "other");
  std::size_t calls = 0, passes = 0;
  const Progress stop = [&](std::string_view, std::size_t done, std::size_t total) {
    passes += done == 0;
    if (passes == 2 && ++calls > 1 && done > total * 3 / 4) request_interrupt();
  };
  EXPECT_THROW(
      import_tokens(other, "t/train", file, {.vocabulary = 50, .top = 3}, Rest::kept, stop),
      Interrupted);
  clear_interrupt();
  EXPECT_FALSE(other.has("t/train"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "other/.partial/t/train/journal.json"));
  import_tokens(other, "t/train", file, {.vocabulary = 50, .top = 3}, Rest::kept);
  for (const std::string& array : bank_.arrays("t/train")) {
    EXPECT_EQ(other.manifest("t/train").at("arrays").at(array).at("sha256"),
              bank_.manifest("t/train").at("arrays").at(array).at("sha256"))
        << array;
  }
}

}  // namespace
}  // namespace nescio::bank
