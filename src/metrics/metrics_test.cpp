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
  EXPECT_THAT([&] { chosen({"orsc"}); }, ThrowsMessage<Error>(HasSubstr("unknown metric 'orsc'")));
}

}  // namespace
}  // namespace nescio::metrics
