#include "metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include <set>

#include "base/error.h"
#include "metrics/curves.h"

namespace nescio {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::vector<std::string> names(const std::vector<Measurement>& measured) {
  std::vector<std::string> all;
  for (const Measurement& m : measured) all.push_back(m.metric->name);
  return all;
}

Ranking some_ranking() {
  return rank(std::vector<float>{1, 2, 3, 4, 5, 6, 7}, std::vector<float>{4, 5.5f, 8, 9, 10});
}

TEST(Metrics, DescribeThemselvesCompletely) {
  std::set<std::string> seen;
  for (const Metric& metric : metrics()) {
    EXPECT_TRUE(seen.insert(metric.name).second) << metric.name << " twice";
    EXPECT_THAT(metric.definition, testing::EndsWith(".")) << metric.name;
    EXPECT_FALSE(metric.ties.empty()) << metric.name;
    EXPECT_FALSE(metric.interval.empty()) << metric.name;
    EXPECT_THAT(metric.positive, testing::AnyOf("ID", "OOD", "")) << metric.name;
    EXPECT_NE(!metric.of_ranking, !metric.of_predictions) << metric.name;
    EXPECT_EQ(!metric.of_predictions, !metric.predictions_interval) << metric.name;
  }
}

TEST(Metrics, AreFoundByName) {
  EXPECT_EQ(find_metric("fpr95_id").name, "fpr95_id");
  EXPECT_THAT([] { find_metric("fpr95"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("unknown metric 'fpr95'"), HasSubstr("fpr95_id"),
                                         HasSubstr("id_accuracy"))));
}

TEST(Metrics, OfARanking) {
  const Ranking ranking = some_ranking();
  const auto measured = measure(ranking);
  EXPECT_THAT(names(measured),
              ElementsAre("auroc", "aupr_in", "aupr_out", "fpr95_id", "fpr95_ood"));
  EXPECT_EQ(measured[0].value, auroc(ranking));
  EXPECT_EQ(measured[1].value, average_precision(ranking, Positive::id));
  EXPECT_EQ(measured[2].value, average_precision(ranking, Positive::ood));
  EXPECT_EQ(measured[3].value, 2 / 5.0);  // keep all ID: 4 and 5.5 come with them
  EXPECT_EQ(measured[4].value, 4 / 7.0);  // catch all OOD: 4, 5, 6 and 7 come with them
  for (const Measurement& m : measured) {
    ASSERT_TRUE(m.bounds) << m.metric->name;
    EXPECT_LE(m.bounds->lower, m.value) << m.metric->name;
    EXPECT_GE(m.bounds->upper, m.value) << m.metric->name;
    EXPECT_LT(m.bounds->lower, m.bounds->upper) << m.metric->name;
  }
}

// DeLong's and the bootstrap's interval of a mean come about in different ways; both have to know
// that the sets share their ID rows.
TEST(Metrics, OfSeveralSetsHaveAMeanWithAnInterval) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> id(400), near(300), far(500);
  for (float& s : id) s = normal(random);
  for (float& s : near) s = normal(random) + 1;
  for (float& s : far) s = normal(random) + 2;
  const std::vector<Ranking> rankings = {rank(id, near), rank(id, far)};
  const IntervalOptions options{.resamples = 4000};
  const SetMeasurements measured = measure(rankings, options);
  ASSERT_EQ(measured.sets.size(), 2U);
  ASSERT_EQ(measured.mean.size(), 5U);
  for (std::size_t m = 0; m < 5; ++m) {
    EXPECT_DOUBLE_EQ(measured.mean[m].value,
                     (measured.sets[0][m].value + measured.sets[1][m].value) / 2);
  }
  const std::vector<std::function<double(const Ranking&)>> area = {auroc};
  auto drawn = bootstrap(rankings[0], area, options, 0)[0];
  const auto second = bootstrap(rankings[1], area, options, 1)[0];
  for (std::size_t r = 0; r < drawn.size(); ++r) drawn[r] = (drawn[r] + second[r]) / 2;
  const Bounds resampled = percentile_interval(drawn, 0.95);
  const Bounds closed = measured.mean[0].bounds.value();
  EXPECT_NEAR(resampled.lower, closed.lower, 0.1 * (closed.upper - closed.lower));
  EXPECT_NEAR(resampled.upper, closed.upper, 0.1 * (closed.upper - closed.lower));

  const auto alone = measure(std::span(rankings).first(1), options);
  for (std::size_t m = 0; m < 5; ++m) {
    EXPECT_EQ(alone.mean[m].bounds->lower, alone.sets[0][m].bounds->lower);
    EXPECT_EQ(alone.mean[m].bounds->upper, alone.sets[0][m].bounds->upper);
  }
}

TEST(Metrics, WithoutResamplesKeepTheClosedForms) {
  const auto measured = measure(some_ranking(), {.resamples = 0});
  EXPECT_TRUE(measured[0].bounds);
  for (std::size_t i = 1; i < measured.size(); ++i) EXPECT_FALSE(measured[i].bounds);
}

TEST(Metrics, OfPredictions) {
  const auto measured = measure(Predictions{3, 4});
  EXPECT_THAT(names(measured), ElementsAre("id_accuracy"));
  EXPECT_EQ(measured[0].value, 0.75);
  EXPECT_LT(measured[0].bounds->lower, 0.75);
  EXPECT_GT(measured[0].bounds->upper, 0.75);
}

}  // namespace
}  // namespace nescio
