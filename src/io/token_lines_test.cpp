#include "io/token_lines.h"

#include <gmock/gmock.h>

#include "io/test_folder.h"

namespace nescio::io {
namespace {

using testing::HasSubstr;

std::string line(const std::string& rows) {
  return R"({"prompt": "2 + 2?", "ground_truth": "4", "logprobs": )" + rows + "}";
}
std::string lines_fault(const std::string& text) {
  return error_of([&] { parse_token_line(text, "t.jsonl: line 3", 100); });
}

TEST(TokenLines, AreReadSlotBySlot) {
  const auto rows = parse_token_line(line("[[[7, -0.5], [99.0, -2]], [[0, 0]]]"), "x", 100);
  ASSERT_EQ(rows.size(), 2u);
  ASSERT_EQ(rows[0].size(), 2u);
  EXPECT_EQ(rows[0][0].token, 7);
  EXPECT_EQ(rows[0][0].log_p, -0.5);
  EXPECT_EQ(rows[0][1].token, 99);
  EXPECT_EQ(rows[0][1].log_p, -2);
  EXPECT_EQ(rows[1][0].log_p, 0);
  EXPECT_TRUE(parse_token_line(line("[]"), "x", 100).empty());
}

TEST(TokenLines, AreRoundedToProbabilities) {
  const auto rows = parse_token_line(line("[[[7, 0.004], [8, -6]]]"), "x", 100);
  EXPECT_EQ(rows[0][0].log_p, 0);
}

TEST(TokenLines, ThatAreDamagedAreRefusedWithTheirPlace) {
  EXPECT_THAT(lines_fault(line("[[[7, -0.5], [9").substr(0, 70)),
              HasSubstr("t.jsonl: line 3: no valid JSON at column "));
  EXPECT_THAT(lines_fault(""), HasSubstr("line 3: no valid JSON at column 1"));
  EXPECT_THAT(lines_fault("[1]"), HasSubstr("with prompt, ground_truth and logprobs, found array"));
  EXPECT_THAT(lines_fault(R"({"prompt": "a", "logprobs": []})"),
              HasSubstr("found no 'ground_truth'"));
  EXPECT_THAT(lines_fault(R"({"prompt": 3, "ground_truth": "b", "logprobs": []})"),
              HasSubstr("expected text as 'prompt', found number"));
  EXPECT_THAT(lines_fault(line("null")),
              HasSubstr("expected a list of rows as 'logprobs', found null"));
  EXPECT_THAT(lines_fault(line("[[[1, -1]], null]")),
              HasSubstr("row 1: expected slots, the token itself first, found null"));
  EXPECT_THAT(lines_fault(line("[[]]")), HasSubstr("row 0: expected slots"));
  EXPECT_THAT(lines_fault(line("[[[1, -1, 3]]]")),
              HasSubstr("slot 0: expected [token, log p], found 3"));
  EXPECT_THAT(lines_fault(line("[[5]]")), HasSubstr("expected [token, log p], found number"));
  EXPECT_THAT(lines_fault(line(R"([[["a", -1]]])")), HasSubstr("found string and number"));
}

TEST(TokenLines, HoldTokensOfTheVocabularyOnceAndProbabilities) {
  EXPECT_THAT(lines_fault(line("[[[100, -1]]]")),
              HasSubstr("row 0: slot 0: found the token 100, expected 0 .. 99"));
  EXPECT_THAT(lines_fault(line("[[[-1, -1]]]")), HasSubstr("found the token -1"));
  EXPECT_THAT(lines_fault(line("[[[1.5, -1]]]")), HasSubstr("found the token 1.5"));
  EXPECT_THAT(lines_fault(line("[[[1e300, -1]]]")), HasSubstr("found the token 1e+300"));
  EXPECT_THAT(lines_fault(line("[[[1, 0.5]]]")), HasSubstr("at most 0, found 0.5"));
  EXPECT_THAT(lines_fault(line("[[[1, -1e999]]]")), HasSubstr("column 66 is too large"));
  EXPECT_THAT(lines_fault(line("[[[1, -1], [2, -2], [1, -3]]]")),
              HasSubstr("row 0: the token 1 stands in two slots"));
  EXPECT_THAT(lines_fault(line("[[[1, -0.1], [2, -0.1]]]")),
              HasSubstr("sum to at most 1, found 1.8"));
  EXPECT_THAT(lines_fault(std::string(std::size_t{1} << 25, ' ')),
              HasSubstr("expected at most 16777216"));
}

}  // namespace
}  // namespace nescio::io
