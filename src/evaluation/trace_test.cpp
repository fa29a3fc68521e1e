#include "evaluation/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "io/test_folder.h"

namespace nescio::evaluation {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t rows = 200;

/// Normal scores around `mean`, the noise of the rows the same at each checkpoint but for `noise`.
Array scores_of_set(double mean, std::uint64_t set, std::uint64_t checkpoint, double noise) {
  Rng own(1, set), further(2, set, checkpoint);
  std::vector<float> out(rows);
  for (float& value : out) {
    value = static_cast<float>(mean + own.normal() + noise * further.normal());
  }
  return Array({rows}, out);
}

/// A run in which validation and test are separated by `gap[c]` at checkpoint c.
std::vector<TracedCheckpoint> run_with(const std::vector<double>& gap, double noise = 0.05) {
  std::vector<TracedCheckpoint> out;
  for (std::size_t c = 0; c < gap.size(); ++c) {
    TracedCheckpoint at{.step = static_cast<std::int64_t>(10 * (c + 1))};
    at.scores.emplace(std::pair("energy", "id"), scores_of_set(0, 0, c, noise));
    at.scores.emplace(std::pair("energy", "val"), scores_of_set(gap[c], 1, c, noise));
    at.scores.emplace(std::pair("energy", "near"), scores_of_set(gap[c], 2, c, noise));
    at.scores.emplace(std::pair("energy", "far"), scores_of_set(2 * gap[c], 3, c, noise));
    out.push_back(std::move(at));
  }
  return out;
}

TraceSettings settings_for(const std::string& metric = "fpr95_id") {
  TraceSettings s{.id = "id", .validation = {"val"}, .test = {"near", "far"}};
  s.metrics = {&metrics::find_metric("auroc"), &metrics::find_metric("fpr95_id")};
  s.choose = &metrics::find_metric(metric);
  s.intervals.resamples = 200;
  return s;
}

const TracedMetric& metric_of(const TracedDetector& detector, const std::string& name) {
  for (const TracedMetric& metric : detector.metrics) {
    if (metric.metric->name == name) return metric;
  }
  fail("no metric ", name);
}

TEST(Trace, SmoothsOverNeighboursThatAreThere) {
  EXPECT_THAT(smoothed_over_three(std::vector<double>{3, 6, 9, 0}), ElementsAre(4.5, 6, 5, 4.5));
  EXPECT_THAT(smoothed_over_three(std::vector<double>{7}), ElementsAre(7));
}

TEST(Trace, FindsAMiddleThatIsBetterThanTheEnd) {
  std::vector<double> gap = {0.2, 1, 2, 3, 2, 1};
  gap.resize(14, 1);
  const auto run = run_with(gap);
  for (const char* choose : {"auroc", "fpr95_id"}) {
    const Trace found = trace(run, settings_for(choose));
    EXPECT_EQ(found.late, 5u);
    ASSERT_EQ(found.detectors.size(), 1u);
    const TracedDetector& energy = found.detectors[0];
    EXPECT_EQ(energy.chosen, 3u) << choose;
    const TracedMetric& fpr = metric_of(energy, "fpr95_id");
    EXPECT_GT(fpr.difference.value, 0.1);
    EXPECT_NEAR(fpr.difference.value, fpr.late - fpr.chosen, 1e-12);
    ASSERT_TRUE(fpr.difference.bounds);
    EXPECT_GT(fpr.difference.bounds->lower, 0);
    ASSERT_EQ(fpr.null.size(), 5u);
    for (const metrics::Measurement& chance : fpr.null) {
      EXPECT_LT(std::abs(chance.value), fpr.difference.value / 3);
    }
    EXPECT_LT(metric_of(energy, "auroc").difference.value, 0);
  }
}

TEST(Trace, AnEndLikeItsMiddleGivesADifferenceLikeChance) {
  const auto run = run_with(std::vector<double>(20, 1), 0.3);
  const Trace found = trace(run, settings_for());
  const TracedMetric& fpr = metric_of(found.detectors[0], "fpr95_id");
  ASSERT_TRUE(fpr.difference.bounds);
  EXPECT_LT(fpr.difference.bounds->lower, 0);
  EXPECT_GT(fpr.difference.bounds->upper, 0);
}

TEST(Trace, TheTestSetsDoNotChoose) {
  // The test sets are best at the end, validation in the middle.
  auto run = run_with({1, 1, 2, 3, 2, 1, 1, 1, 1, 1, 1, 1});
  for (std::size_t c = 0; c < run.size(); ++c) {
    for (const char* set : {"near", "far"}) {
      run[c].scores.insert_or_assign(std::pair("energy", set),
                                     scores_of_set(0.3 * static_cast<double>(c), 2, c, 0.05));
    }
  }
  const Trace found = trace(run, settings_for());
  EXPECT_EQ(found.detectors[0].chosen, 3u);
  EXPECT_LT(metric_of(found.detectors[0], "fpr95_id").difference.value, 0);
}

TEST(Trace, TheMeanIsThatOfTheSets) {
  const auto run = run_with({1, 2, 3, 2});
  const Trace found = trace(run, settings_for());
  EXPECT_EQ(found.late, 2u);
  const TracedMetric& auroc = metric_of(found.detectors[0], "auroc");
  for (std::size_t c = 0; c < run.size(); ++c) {
    const auto alone = [&](const char* set) {
      return metrics::measure(metrics::rank_rows(run[c].scores.at({"energy", "id"}),
                                                 run[c].scores.at({"energy", set})),
                              {.resamples = 0}, {auroc.metric})[0]
          .value;
    };
    EXPECT_THAT(auroc.test[c], DoubleNear((alone("near") + alone("far")) / 2, 1e-12));
    EXPECT_EQ(auroc.validation[c], alone("val"));
  }
}

TEST(Trace, RefusesWhatSaysNothing) {
  EXPECT_THAT(io::error_of([] {
                trace(run_with({1, 2}), settings_for());
              }),
              HasSubstr("three checkpoints or more, found 2"));
  TraceSettings no_validation = settings_for();
  no_validation.validation.clear();
  EXPECT_THAT(io::error_of([&] {
                trace(run_with({1, 2, 3}), no_validation);
              }),
              HasSubstr("choose on"));
}

TEST(LossAndAccuracy, AreThoseOfTheDefinition) {
  const Array logits({3, 2}, std::vector<float>{1, 3, 200, -200, 0, 0});
  const Array labels({3}, std::vector<std::int64_t>{0, 0, -1});
  const auto [loss, accuracy] = loss_and_accuracy(logits, labels);
  EXPECT_NEAR(loss, std::log1p(std::exp(2.0)) / 2, 1e-12);
  EXPECT_EQ(accuracy, 0.5);
  const Array none({3}, std::vector<std::int64_t>{-1, -1, -1});
  EXPECT_TRUE(std::isnan(loss_and_accuracy(logits, none).first));
}

}  // namespace
}  // namespace nescio::evaluation
