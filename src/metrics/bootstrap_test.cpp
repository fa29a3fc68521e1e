#include "metrics/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"
#include "base/threads.h"
#include "metrics/curves.h"
#include "metrics/delong.h"

namespace nescio::metrics {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
using RankingStatistics = StatisticsOf<Ranking>;

/// The percentile interval of each statistic.
std::vector<Bounds> bootstrap_intervals(const RowRanking& rows, const RankingStatistics& statistics,
                                        const BootstrapOptions& options) {
  const RowRanking* one = &rows;
  const std::size_t number = 0;
  const auto drawn = bootstrap(std::span(&one, 1), std::span(&number, 1), statistics, options);
  std::vector<Bounds> bounds;
  for (const auto& values : drawn[0]) {
    bounds.push_back(percentile_interval(values, options.confidence));
  }
  return bounds;
}

RowRanking ranked(const std::vector<float>& id, const std::vector<float>& ood) {
  return rank_rows(Array({id.size()}, id), Array({ood.size()}, ood));
}

RowRanking normal_ranking(std::size_t id_count, std::size_t ood_count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> id(id_count);
  std::vector<float> ood(ood_count);
  for (float& s : id) s = std::round(normal(random) * 50);
  for (float& s : ood) s = std::round(normal(random) * 50 + 70);
  return ranked(id, ood);
}

TEST(Bootstrap, ResamplesAreRankingsOfTheSameSize) {
  const RowRanking ranking = normal_ranking(300, 200, 1);
  std::size_t faults = 0;
  const RankingStatistics statistics = {[&](const Ranking& drawn) {
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
  const RowRanking ranking = normal_ranking(300, 200, 1);
  const RankingStatistics statistics = {
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
  const RowRanking ranking = normal_ranking(2000, 1000, 7);
  const auto drawn = bootstrap_intervals(ranking, RankingStatistics{auroc}, {.resamples = 4000});
  const auto delong = delong_interval(ranking.ranking, 0.95);
  const double width = delong->upper - delong->lower;
  EXPECT_NEAR(drawn[0].lower, delong->lower, 0.06 * width);
  EXPECT_NEAR(drawn[0].upper, delong->upper, 0.06 * width);
}

// The share of ID rows in the lower of two steps is binomial; so must be its resamples.
TEST(Bootstrap, DrawsEveryRowEquallyOften) {
  std::vector<float> id(1000, 0);
  std::fill(id.begin() + 300, id.end(), 1.0f);
  const std::vector<float> ood = {2};
  const RankingStatistics statistics = {
      [](const Ranking& r) { return static_cast<double>(r.steps.front().id); }};
  const auto bounds =
      bootstrap_intervals(ranked(id, ood), statistics, {.resamples = 20000, .confidence = 0.95});
  const double half = 1.96 * std::sqrt(1000 * 0.3 * 0.7);
  EXPECT_NEAR(bounds[0].lower, 300 - half, 1.5);
  EXPECT_NEAR(bounds[0].upper, 300 + half, 1.5);
}

// Few scores are tied, and nothing but the order is read: another way to write the same resamples.
TEST(Bootstrap, FewTiesGiveTheSameAsAllRowsOneByOne) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  std::vector<float> id(701), ood(500);
  for (float& s : id) s = normal(random);
  for (float& s : ood) s = normal(random) + 1;
  id[3] = id[5] = ood[7] = id[100];  // within
  ood[0] = ood[1] = -9;              // at the ends
  id[0] = ood[2] = 9;
  const RowRanking scored = ranked(id, ood);
  RowRanking order_alone = scored;
  order_alone.ranking.scores.clear();
  const StatisticsOf<Ranking> statistics = {
      auroc,
      [](const Ranking& r) { return average_precision(r, Positive::ood); },
      [](const Ranking& r) { return static_cast<double>(r.steps.size()); },
      [](const Ranking& r) { return static_cast<double>(r.steps.front().ood); },
      [](const Ranking& r) { return static_cast<double>(r.steps.back().id); },
  };
  const auto resampled = [&](const RowRanking& rows) {
    const RowRanking* one = &rows;
    const std::size_t number = 2;
    return bootstrap(std::span(&one, 1), std::span(&number, 1), statistics, {.resamples = 50})[0];
  };
  EXPECT_EQ(resampled(scored), resampled(order_alone));
}

// Scores of the same rows see the same draws, whether they are drawn together or one by one.
TEST(Bootstrap, DrawsIdRowsOnceForAllRankings) {
  const std::vector<float> id = {1, 2, 3, 4, 5, 6, 7, 8}, near = {2, 5, 9}, far = {7, 8, 9, 10};
  const RowRanking first = ranked(id, near), second = ranked(id, far);
  const std::vector<const RowRanking*> both = {&first, &second};
  const BootstrapOptions options{.resamples = 30};
  const RankingStatistics lowest = {
      [](const Ranking& r) { return static_cast<double>(r.steps.front().id); }, auroc};
  const auto together = bootstrap(both, std::vector<std::size_t>{4, 7}, lowest, options);
  for (const std::size_t k : {0u, 1u}) {
    const std::size_t number = k == 0 ? 4 : 7;
    const auto alone = bootstrap(std::span(&both[k], 1), std::span(&number, 1), lowest, options)[0];
    EXPECT_EQ(together[k], alone);
  }
  const std::vector<float> fewer = {1, 2};
  const RowRanking other = ranked(fewer, far);
  const std::vector<const RowRanking*> unlike = {&first, &other};
  EXPECT_THROW(bootstrap(unlike, std::vector<std::size_t>{0, 1}, lowest, options), Error);
}

TEST(Bootstrap, OfAnswersDrawsTheRowsOfRankings) {
  const std::vector<float> id = {1, 2, 3, 4, 5, 6, 7, 8}, ood = {9};
  Answers answers;
  for (std::size_t r = 0; r < id.size(); ++r) answers.right.push_back(r % 2);
  const RowRanking rows = rank_rows(Array({8}, id), Array({1}, ood), answers.right);
  const RowRanking* one = &rows;
  const std::size_t number = 0;
  const BootstrapOptions options{.resamples = 40, .seed = 5};
  const auto by_rank = bootstrap(std::span(&one, 1), std::span(&number, 1),
                                 {[](const Ranking& r) { return ccr_at_fpr(r, 1); }}, options);
  EXPECT_EQ(by_rank[0][0], bootstrap(answers, {accuracy}, options)[0]);
}

TEST(Bootstrap, RefusesBadOptions) {
  const RowRanking ranking = normal_ranking(10, 10, 1);
  EXPECT_THAT([&] { bootstrap_intervals(ranking, RankingStatistics{auroc}, {.resamples = 0}); },
              ThrowsMessage<Error>(HasSubstr("at least 1 resample")));
  EXPECT_THAT([&] { bootstrap_intervals(ranking, RankingStatistics{auroc}, {.confidence = 95}); },
              ThrowsMessage<Error>(HasSubstr("between 0 and 1, found 95")));
}

}  // namespace
}  // namespace nescio::metrics
