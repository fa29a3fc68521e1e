#include "metrics/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"
#include "base/threads.h"
#include "metrics/curves.h"
#include "metrics/delong.h"

namespace nescio {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
using Statistics = std::vector<std::function<double(const Ranking&)>>;

Ranking normal_ranking(std::size_t id_count, std::size_t ood_count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> id(id_count);
  std::vector<float> ood(ood_count);
  for (float& s : id) s = std::round(normal(random) * 50);
  for (float& s : ood) s = std::round(normal(random) * 50 + 70);
  return rank(id, ood);
}

TEST(Bootstrap, ResamplesAreRankingsOfTheSameSize) {
  const Ranking ranking = normal_ranking(300, 200, 1);
  std::size_t faults = 0;
  const Statistics statistics = {[&](const Ranking& drawn) {
    std::size_t id = 0;
    std::size_t ood = 0;
    for (const Step& step : drawn.steps) {
      id += step.id;
      ood += step.ood;
      faults += step.id + step.ood == 0;
    }
    faults += id != 300 || drawn.id_count != 300 || ood != 200 || drawn.ood_count != 200;
    return 0.0;
  }};
  const int threads = thread_count();
  set_thread_count(1);
  bootstrap_intervals(ranking, statistics, {.resamples = 50});
  set_thread_count(threads);
  EXPECT_EQ(faults, 0u);
}

TEST(Bootstrap, IsAFunctionOfTheSeedAndNotOfTheThreads) {
  const Ranking ranking = normal_ranking(300, 200, 1);
  const Statistics statistics = {
      auroc, [](const Ranking& r) { return fpr_at_tpr(r, 0.95, Positive::id); }};
  const int threads = thread_count();
  std::vector<std::vector<Bounds>> results;
  for (const int count : {1, 2, 5}) {
    set_thread_count(count);
    results.push_back(bootstrap_intervals(ranking, statistics, {.resamples = 200, .seed = 3}));
  }
  results.push_back(bootstrap_intervals(ranking, statistics, {.resamples = 200, .seed = 4}));
  set_thread_count(threads);
  for (const std::size_t s : {0u, 1u}) {
    EXPECT_EQ(results[0][s].lower, results[1][s].lower);
    EXPECT_EQ(results[0][s].upper, results[2][s].upper);
  }
  EXPECT_NE(results[0][0].lower, results[3][0].lower);
}

// Two ways to the same interval: they agree up to the noise of resampling.
TEST(Bootstrap, AgreesWithDeLongOnTheAuroc) {
  const Ranking ranking = normal_ranking(2000, 1000, 7);
  const auto drawn = bootstrap_intervals(ranking, Statistics{auroc}, {.resamples = 4000});
  const auto delong = delong_interval(ranking, 0.95);
  const double width = delong->upper - delong->lower;
  EXPECT_NEAR(drawn[0].lower, delong->lower, 0.06 * width);
  EXPECT_NEAR(drawn[0].upper, delong->upper, 0.06 * width);
}

// The share of ID rows in the lower of two steps is binomial; so must be its resamples.
TEST(Bootstrap, DrawsEveryRowEquallyOften) {
  std::vector<float> id(1000, 0);
  std::fill(id.begin() + 300, id.end(), 1.0f);
  const std::vector<float> ood = {2};
  const Statistics statistics = {
      [](const Ranking& r) { return static_cast<double>(r.steps.front().id); }};
  const auto bounds =
      bootstrap_intervals(rank(id, ood), statistics, {.resamples = 20000, .confidence = 0.95});
  const double half = 1.96 * std::sqrt(1000 * 0.3 * 0.7);
  EXPECT_NEAR(bounds[0].lower, 300 - half, 1.5);
  EXPECT_NEAR(bounds[0].upper, 300 + half, 1.5);
}

TEST(Bootstrap, RefusesBadOptions) {
  const Ranking ranking = normal_ranking(10, 10, 1);
  EXPECT_THAT([&] { bootstrap_intervals(ranking, Statistics{auroc}, {.resamples = 0}); },
              ThrowsMessage<Error>(HasSubstr("at least 1 resample")));
  EXPECT_THAT([&] { bootstrap_intervals(ranking, Statistics{auroc}, {.confidence = 95}); },
              ThrowsMessage<Error>(HasSubstr("between 0 and 1, found 95")));
}

}  // namespace
}  // namespace nescio
