#include "report/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nescio::report {
namespace {

using testing::HasSubstr;

evaluation::Results two_results() {
  evaluation::Results results;
  results.detectors = {"knn(k=5,normalize=false)", "energy"};
  results.sets = {
      {"in/test", "id", 100}, {"a/test", "near", 50}, {"b/test", "far", 10}, {"c/test", "far", 20}};
  for (const std::string& detector : results.detectors) {
    results.rows.push_back(
        {detector, "in/test", "id", "id_accuracy", 0.9, metrics::Bounds{0.8, 0.95}});
    results.rows.push_back(
        {detector, "a/test", "near", "auroc", 1.0 / 3, metrics::Bounds{0.25, 0.5}});
    results.rows.push_back(
        {detector, evaluation::mean_of_sets, "near", "auroc", 1.0 / 3, std::nullopt});
    results.rows.push_back({detector, "b/test", "far", "auroc", 0.5, std::nullopt});
    results.rows.push_back({detector, "c/test", "far", "auroc", 0.7, std::nullopt});
    results.rows.push_back({detector, evaluation::mean_of_sets, "far", "auroc", 0.6, std::nullopt});
  }
  results.skipped = {{"vim", "the bank has no head"}};
  return results;
}

TEST(Results, LongTableHasFullPrecisionAndEmptyBounds) {
  const TextTable table = long_table(two_results());
  ASSERT_EQ(table.rows.size(), 12U);
  EXPECT_EQ(table.rows[1],
            (std::vector<std::string>{"knn(k=5,normalize=false)", "a/test", "near", "auroc",
                                      "0.3333333333333333", "0.25", "0.5"}));
  EXPECT_EQ(table.rows[2][1], "mean");
  EXPECT_EQ(table.rows[2][5], "");
  EXPECT_EQ(table.rows[2][6], "");
}

TEST(Results, TextBeginsWithRolesAndRepeatsNoSet) {
  const std::string words = results_text(two_results());
  const auto near = words.find("near: a/test (50 rows)");
  const auto mean = words.find("far: mean of b/test (10 rows), c/test (20 rows)");
  const auto single = words.find("far: b/test (10 rows)");
  EXPECT_LT(words.find("id: in/test (100 rows), id_accuracy 90.00 (80.00-95.00)"), near);
  EXPECT_LT(near, mean);
  EXPECT_LT(mean, single);
  EXPECT_EQ(words.find("near: mean"), std::string::npos);
  EXPECT_NE(single, std::string::npos);
}

// In nats, no share: not in per cent, and it is said.
TEST(Results, LikelihoodsStandInTheirUnit) {
  evaluation::Results results = two_results();
  const std::string& first = results.detectors[0];
  results.rows.push_back({first, "in/test", "id", "nll", 0.51024, metrics::Bounds{0.5, 1.25}});
  results.rows.push_back({first, "in/test", "id", "ece", 0.5, std::nullopt});
  const char* expected = ", nll 0.5102 (0.5-1.25) nats, ece 50.00";
  EXPECT_THAT(results_text(results), HasSubstr(expected));
  EXPECT_THAT(results_markdown(results, "nescio evaluate ..."), HasSubstr(expected));
}

TEST(Results, JsonKeepsTheRunAndDefinesTheMetrics) {
  const auto json = results_json(two_results(), {{"command", "nescio evaluate"}});
  EXPECT_EQ(json.at("command"), "nescio evaluate");
  EXPECT_EQ(json.at("rows").size(), 12U);
  EXPECT_TRUE(json.at("rows").at(2).at("lower").is_null());
  EXPECT_EQ(json.at("skipped").at(0).at("detector"), "vim");
  EXPECT_FALSE(json.at("metrics").at(0).at("definition").get<std::string>().empty());
}

TEST(Results, MarkdownHasIntervalsAndWhatWasLeftOut) {
  const std::string words = results_markdown(two_results(), "nescio evaluate ...");
  EXPECT_THAT(words, HasSubstr("33.33 (25.00-50.00)"));
  EXPECT_THAT(words, HasSubstr("- skipped vim: the bank has no head"));
  EXPECT_THAT(words, HasSubstr("nescio evaluate ..."));
}

}  // namespace
}  // namespace nescio::report
