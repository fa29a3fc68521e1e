#include "metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"

namespace nescio::metrics {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Metrics, DescribeThemselvesCompletely) {
  std::set<std::string> seen;
  for (const Metric& metric : metrics()) {
    EXPECT_TRUE(seen.insert(metric.name).second) << metric.name << " twice";
    EXPECT_THAT(metric.definition, testing::EndsWith(".")) << metric.name;
    EXPECT_FALSE(metric.ties.empty()) << metric.name;
    EXPECT_FALSE(metric.interval.empty()) << metric.name;
    EXPECT_THAT(metric.positive, testing::AnyOf("ID", "OOD", "")) << metric.name;
    EXPECT_FALSE(metric.contrast.empty()) << metric.name;
    EXPECT_NE(!metric.of_ranking, !metric.of_answers) << metric.name;
    EXPECT_TRUE(metric.of_ranking || metric.needs_answers) << metric.name;
  }
}

TEST(Metrics, AreFoundByName) {
  EXPECT_EQ(find_metric("fpr95_id").name, "fpr95_id");
  EXPECT_THAT([] { find_metric("fpr95"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("unknown metric 'fpr95'"), HasSubstr("fpr95_id"),
                                         HasSubstr("id_accuracy"))));
}

// One table entry stands for a family; a spec names the others.
TEST(Metrics, OfAFamilyAreMadeAtAnyLevel) {
  Ranking ranking{.steps = {{3, 0}, {1, 1}, {0, 3}}, .id_count = 4, .ood_count = 4};
  const Metric& at_75 = find_metric("fpr_id(tpr=0.750)");
  EXPECT_EQ(at_75.name, "fpr_id(tpr=0.75)");
  EXPECT_THAT(at_75.definition, HasSubstr("at least the share 0.75 of the ID rows"));
  EXPECT_EQ(at_75.of_ranking(ranking), 0);
  EXPECT_EQ(find_metric("fpr_id(tpr=1)").of_ranking(ranking), 0.25);
  EXPECT_FALSE(at_75.standard);
  EXPECT_EQ(&find_metric("fpr_id(tpr=0.75)"), &at_75);
  EXPECT_EQ(&find_metric("fpr_id(tpr=0.95)"), &find_metric("fpr95_id"));
  EXPECT_EQ(&find_metric("ccr"), &find_metric("ccr(fpr=0.1)"));
  for (const Metric& metric : metrics()) {
    if (metric.family.empty()) continue;
    const Metric& half = find_metric(metric.family + "(" + metric.level.name + "=0.5)");
    EXPECT_EQ(half.name, metric.family + "(" + metric.level.name + "=0.5)");
    EXPECT_EQ(half.at(0.5).name, half.name);
    EXPECT_EQ(half.needs_answers, metric.needs_answers);
  }
  const auto refused = [](const std::string& name, const std::string& why) {
    EXPECT_THAT([&] { find_metric(name); }, ThrowsMessage<Error>(HasSubstr(why))) << name;
  };
  refused("fpr_id(tpr=95)", "[fpr_id] tpr: expected a value in (0, 1], found 95");
  refused("fpr_id(fpr=0.1)", "[fpr_id] unknown parameter 'fpr'. Did you mean 'tpr'?");
  refused("auroc(fpr=0.1)", "unknown metric 'auroc(fpr=0.1)'");
  refused("ccr_fpr10", "unknown metric 'ccr_fpr10'. Known: ");
}

TEST(Metrics, FurtherOnesStandAtTheirPlaceInTheCatalogue) {
  const auto chosen = [](std::vector<std::string> further) {
    std::vector<std::string> out;
    for (const Metric* metric : standard_metrics(further)) out.push_back(metric->name);
    return out;
  };
  EXPECT_THAT(chosen({}), testing::ElementsAre("auroc", "aupr_in", "aupr_out", "fpr95_id",
                                               "fpr95_ood", "id_accuracy"));
  EXPECT_THAT(chosen({"ece", "oscr", "auroc"}),
              testing::ElementsAre("auroc", "aupr_in", "aupr_out", "fpr95_id", "fpr95_ood", "oscr",
                                   "id_accuracy", "ece"));
  EXPECT_EQ(chosen({"all", "auroc"}).size(), metrics().size());
  EXPECT_THAT(chosen({"ccr(fpr=0.01)", "fpr_id(tpr=0.8)", "ccr(fpr=0.1)", "ccr(fpr=0.010)"}),
              testing::ElementsAre("auroc", "aupr_in", "aupr_out", "fpr95_id", "fpr_id(tpr=0.8)",
                                   "fpr95_ood", "ccr(fpr=0.1)", "ccr(fpr=0.01)", "id_accuracy"));
  EXPECT_THAT([&] { chosen({"orsc"}); }, ThrowsMessage<Error>(HasSubstr("unknown metric 'orsc'")));
}

}  // namespace
}  // namespace nescio::metrics
