#include "report/comparison_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/csv.h"
#include "report/test_page.h"

namespace nescio::report {
namespace {

using testing::HasSubstr;

// Two arms of three runs on two near sets and a far one.
evaluation::Comparison toy() {
  evaluation::Comparison out{.arms = {{"control", {"c0", "c1", "c2"}}, {"oe", {"o0", "o1", "o2"}}},
                             .baseline = 0,
                             .detectors = {"msp"},
                             .sets = {{"in/test", "id", 100},
                                      {"a/test", "near", 50},
                                      {"b/test", "near", 40},
                                      {"c/test", "far", 30}},
                             .rows = {},
                             .metrics = metrics::standard_metrics(),
                             .resamples = 1000};
  const auto add = [&](const char* set, const char* role, const char* metric, double by) {
    out.rows.push_back({"msp",
                        set,
                        role,
                        metric,
                        "control",
                        {0.8, 0.81, 0.82},
                        0.81,
                        0.01,
                        metrics::Bounds{0.79, 0.83}});
    out.rows.push_back({"msp",
                        set,
                        role,
                        metric,
                        "oe",
                        {0.8 + by, 0.81 + by, 0.82 + by},
                        0.81 + by,
                        0.01,
                        metrics::Bounds{0.79 + by, 0.83 + by},
                        evaluation::Difference{by, metrics::Bounds{by - 0.01, by + 0.01},
                                               metrics::Bounds{by - 0.1, by + 0.1}}});
  };
  add("in/test", "id", "id_accuracy", -0.001);
  add("a/test", "near", "auroc", 0.02);
  add("b/test", "near", "auroc", 0.04);
  add("mean", "near", "auroc", 0.03);
  add("c/test", "far", "auroc", -0.05);
  return out;
}

TEST(ComparisonReport, ShowsRolesAsAWholeOnTheTerminal) {
  EXPECT_EQ(
      comparison_text(toy()),
      "msp: auroc in per cent (higher is better), differences to control\n"
      "set                   arm             auroc  difference       over rows        over runs\n"
      "near: mean of 2 sets  control  81.00 \u00b1 1.00\n"
      "                      oe       84.00 \u00b1 1.00       +3.00  +2.00 to +4.00  -7.00 to "
      "+13.00\n"
      "far: c/test           control  81.00 \u00b1 1.00\n"
      "                      oe       76.00 \u00b1 1.00       -5.00  -6.00 to -4.00  -15.00 to "
      "+5.00\n"
      "\n"
      "msp: id_accuracy in per cent (higher is better), differences to control\n"
      "set          arm       id_accuracy  difference       over rows        over runs\n"
      "id: in/test  control  81.00 \u00b1 1.00\n"
      "             oe       80.90 \u00b1 1.00       -0.10  -1.10 to +0.90  -10.10 to +9.90\n");
}

TEST(ComparisonReport, LikelihoodsStandInTheirUnit) {
  evaluation::Comparison comparison = toy();
  comparison.metrics = {&metrics::find_metric("nll")};
  comparison.rows.resize(2);  // of the ID set
  for (evaluation::ComparedRow& row : comparison.rows) row.metric = "nll";
  const char* rows =
      "set          arm               nll  difference         over rows         over runs\n"
      "id: in/test  control   0.81 \u00b1 0.01\n"
      "             oe       0.809 \u00b1 0.01      -0.001  -0.011 to +0.009  -0.101 to +0.099\n";
  EXPECT_EQ(comparison_text(comparison),
            std::string("msp: nll in nats (lower is better), differences to control\n") + rows);
  EXPECT_THAT(comparison_page(comparison, "nescio compare"), HasSubstr("In nats; intervals are"));
}

TEST(ComparisonReport, WritesEveryNumber) {
  const auto lines = io::parse_csv(to_csv(long_table(toy())), "");
  ASSERT_EQ(lines.size(), 11U);
  EXPECT_EQ(join(lines[0], ","),
            "detector,set,role,metric,arm,runs,mean,deviation,lower,upper,difference,"
            "difference_lower,difference_upper,over_runs_lower,over_runs_upper");
  EXPECT_EQ(join(lines[3], ","), "msp,a/test,near,auroc,control,3,0.81,0.01,0.79,0.83,,,,,");
  EXPECT_EQ(lines[4][10], "0.02");
  const auto json = comparison_json(toy(), {{"command", "nescio compare"}});
  EXPECT_EQ(json.at("command"), "nescio compare");
  EXPECT_EQ(json.at("rows").size(), 10U);
  EXPECT_EQ(json.at("rows").at(3).at("difference").at("over_runs").at(0).get<double>(), 0.02 - 0.1);
  EXPECT_TRUE(json.at("rows").at(2).at("difference").is_null());
  EXPECT_EQ(json.at("arms").at(1).at("runs").at(2), "o2");
  const std::string markdown = comparison_markdown(toy(), "nescio compare");
  for (const char* words : {"near: b/test", "+4.00", "Student's t", "1000 resamples", "- oe: o0"}) {
    EXPECT_THAT(markdown, HasSubstr(words));
  }
}

TEST(ComparisonReport, ThePageIsWellFormedAndSaysTheNumbers) {
  evaluation::Comparison comparison = toy();
  comparison.arms[1].name = "<script>";
  for (evaluation::ComparedRow& row : comparison.rows) {
    if (row.arm == "oe") row.arm = "<script>";
  }
  const std::string page = comparison_page(comparison, "nescio compare");
  std::vector<std::string> sections;
  int charts = 0;
  for (const Element& element : read_page(page)) {
    if (element.name == "section") sections.push_back(element.attributes.at("id"));
    if (element.name != "svg") continue;
    ++charts;
    EXPECT_FALSE(element.attributes.at("aria-label").empty());
  }
  EXPECT_THAT(sections, testing::ElementsAre("arms", "charts", "tables", "definitions"));
  EXPECT_EQ(charts, 8);  // near, its two sets and far: values and differences
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("nan"), std::string::npos);
  EXPECT_THAT(page, HasSubstr("+3.00 (+2.00 to +4.00)"));
  EXPECT_THAT(page, HasSubstr("<strong>-5.00</strong>"));
}

TEST(ComparisonReport, DrawsArmsThatAreAllEqual) {
  evaluation::Comparison comparison = toy();
  for (evaluation::ComparedRow& row : comparison.rows) {
    row.mean = 1;
    row.runs = {1};
    row.over_rows = metrics::Bounds{1, 1};
    if (row.difference) row.difference = evaluation::Difference{};
  }
  EXPECT_EQ(comparison_page(comparison, "").find("nan"), std::string::npos);
}

}  // namespace
}  // namespace nescio::report
