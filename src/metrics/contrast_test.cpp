#include "metrics/contrast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"
#include "metrics/curves.h"
#include "metrics/delong.h"

namespace nescio {
namespace {

using Scores = std::vector<float>;

// The scores that two networks give the same rows: what they have in common, and some of their own.
struct TwoNetworks {
  TwoNetworks(std::size_t id, std::size_t ood, unsigned seed, bool ties = false) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    const auto draw = [&](std::size_t count, float shift, Scores& a, Scores& b) {
      for (std::size_t r = 0; r < count; ++r) {
        const float common = normal(random) + shift;
        const auto noisy = [&](float better) {
          const float score = common + 0.4F * normal(random) + better * shift;
          return ties ? std::round(2 * score) : score;
        };
        a.push_back(noisy(0));
        b.push_back(noisy(0.2F));
      }
    };
    draw(id, 0, id_a, id_b);
    draw(ood, 1, ood_a, ood_b);
  }
  Scores id_a, id_b, ood_a, ood_b;
};

// DeLong et al. 1988, equations (3) to (7) with every pair of rows: the variance of L theta' for
// areas of the same ID and OOD rows.
double literal_variance(const std::vector<Scores>& id, const std::vector<Scores>& ood,
                        const std::vector<double>& contrast) {
  const auto psi = [](float o, float i) { return o > i ? 1.0 : o == i ? 0.5 : 0.0; };
  const auto m = ood[0].size(), n = id[0].size();
  std::vector<std::vector<double>> v10(id.size(), std::vector<double>(m)),
      v01(id.size(), std::vector<double>(n));
  for (std::size_t k = 0; k < id.size(); ++k) {
    for (std::size_t o = 0; o < m; ++o) {
      for (std::size_t i = 0; i < n; ++i) {
        v10[k][o] += psi(ood[k][o], id[k][i]) / static_cast<double>(n);
        v01[k][i] += psi(ood[k][o], id[k][i]) / static_cast<double>(m);
      }
    }
  }
  const auto covariance = [](const std::vector<double>& a, const std::vector<double>& b) {
    const auto count = static_cast<double>(a.size());
    double mean_a = 0, mean_b = 0, sum = 0;
    for (std::size_t r = 0; r < a.size(); ++r) {
      mean_a += a[r] / count;
      mean_b += b[r] / count;
    }
    for (std::size_t r = 0; r < a.size(); ++r) sum += (a[r] - mean_a) * (b[r] - mean_b);
    return sum / (count - 1) / count;
  };
  double variance = 0;
  for (std::size_t k = 0; k < id.size(); ++k) {
    for (std::size_t l = 0; l < id.size(); ++l) {
      variance +=
          contrast[k] * contrast[l] * (covariance(v10[k], v10[l]) + covariance(v01[k], v01[l]));
    }
  }
  return variance;
}

double width(const std::optional<Bounds>& bounds) { return bounds->upper - bounds->lower; }

TEST(PairedDeLong, EqualsThePaperOverAllPairs) {
  for (const bool ties : {false, true}) {
    const TwoNetworks world(60, 35, 4, ties), more(60, 35, 9, ties);
    const std::vector<Scores> id = {world.id_a, world.id_b, more.id_a};
    const std::vector<Scores> ood = {world.ood_a, world.ood_b, more.ood_a};
    const std::vector<double> weights = {-1, 0.5, 0.5};
    std::vector<RowRanking> rows;
    for (std::size_t k = 0; k < 3; ++k) rows.push_back(rank_rows(id[k], ood[k]));
    std::vector<RankingTerm> terms;
    double area = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      terms.push_back({&rows[k], {}, weights[k]});
      area += weights[k] * auroc(rows[k].ranking);
    }
    const double half = 1.959963984540054 * std::sqrt(literal_variance(id, ood, weights));
    const auto bounds = delong_interval(std::span<const RankingTerm>(terms), 0.95);
    ASSERT_TRUE(bounds);
    EXPECT_NEAR(bounds->lower, area - half, 1e-12);
    EXPECT_NEAR(bounds->upper, area + half, 1e-12);
  }
}

TEST(PairedDeLong, OfOneAreaIsTheIntervalOfThatArea) {
  const TwoNetworks world(50, 40, 1);
  const RowRanking rows = rank_rows(world.id_a, world.ood_a);
  const std::vector<RankingTerm> one = {{&rows, {}, 1}};
  const auto alone = delong_interval(rows.ranking, 0.9);
  const auto as_sum = delong_interval(std::span<const RankingTerm>(one), 0.9);
  EXPECT_NEAR(as_sum->lower, alone->lower, 1e-12);
  EXPECT_NEAR(as_sum->upper, alone->upper, 1e-12);
}

TEST(PairedDeLong, TakesOtherNumbersForIndependentRows) {
  const TwoNetworks world(50, 40, 1);
  const RowRanking a = rank_rows(world.id_a, world.ood_a), b = rank_rows(world.id_b, world.ood_b);
  const std::vector<RankingTerm> paired = {{&a, {0, 0}, -1}, {&b, {0, 0}, 1}};
  const std::vector<RankingTerm> apart = {{&a, {0, 0}, -1}, {&b, {1, 1}, 1}};
  const auto of = [](const std::vector<RankingTerm>& terms) {
    return width(delong_interval(std::span<const RankingTerm>(terms), 0.95));
  };
  EXPECT_NEAR(
      of(apart),
      std::hypot(width(delong_interval(a.ranking, 0.95)), width(delong_interval(b.ranking, 0.95))),
      1e-12);
  EXPECT_LT(of(paired), 0.7 * of(apart));
}

TEST(PairedDeLong, RefusesOtherRowsUnderOneNumber) {
  const TwoNetworks world(50, 40, 1);
  const RowRanking a = rank_rows(world.id_a, world.ood_a), b = rank_rows(world.ood_b, world.id_b);
  const std::vector<RankingTerm> terms = {{&a, {}, 1}, {&b, {}, -1}};
  EXPECT_THROW(delong_interval(std::span<const RankingTerm>(terms), 0.95), Error);
}

// Over many worlds the interval of the difference holds the true difference as often as it says.
TEST(PairedDeLong, CoversTheTrueDifference) {
  const double unit = std::sqrt(2 * (1 + 0.16));  // standard deviation of OOD less ID score
  const auto area = [&](double shift) { return 0.5 * std::erfc(-shift / unit / std::sqrt(2.0)); };
  const double truth = area(1.2) - area(1.0);
  int covered = 0;
  for (unsigned repeat = 0; repeat < 1000; ++repeat) {
    const TwoNetworks world(80, 80, repeat);
    const RowRanking a = rank_rows(world.id_a, world.ood_a), b = rank_rows(world.id_b, world.ood_b);
    const std::vector<RankingTerm> terms = {{&a, {}, -1}, {&b, {}, 1}};
    const auto bounds = delong_interval(std::span<const RankingTerm>(terms), 0.9);
    covered += bounds->lower <= truth && truth <= bounds->upper;
  }
  EXPECT_NEAR(covered, 900, 30);
}

TEST(Contrast, MeasuresAsEachRankingAlone) {
  const TwoNetworks world(70, 50, 3, true);
  const MeasuredRows a = measure_rows(rank_rows(world.id_a, world.ood_a), {}, {.resamples = 0});
  const MeasuredRows b = measure_rows(rank_rows(world.id_b, world.ood_b), {}, {.resamples = 0});
  const auto alone_a = measure(a.rows.ranking, {.resamples = 0});
  const auto alone_b = measure(b.rows.ranking, {.resamples = 0});
  const auto difference = contrast(std::vector<ContrastTerm>{{&b, 1}, {&a, -1}});
  ASSERT_EQ(difference.size(), alone_a.size());
  for (std::size_t m = 0; m < difference.size(); ++m) {
    EXPECT_EQ(difference[m].metric, alone_a[m].metric);
    EXPECT_DOUBLE_EQ(difference[m].value, alone_b[m].value - alone_a[m].value);
    EXPECT_EQ(difference[m].bounds.has_value(), difference[m].metric->name == "auroc");
  }
}

// The bootstrap of a difference is paired: the AUROC's has the width of DeLong's interval, and that
// of a score with itself none.
TEST(Contrast, ResamplesTheSameRows) {
  const TwoNetworks world(400, 300, 3);
  const RowRanking a = rank_rows(world.id_a, world.ood_a), b = rank_rows(world.id_b, world.ood_b);
  const std::vector<std::function<double(const Ranking&)>> area = {auroc};
  const auto of_a = bootstrap(a, area, {.resamples = 2000});
  const auto of_b = bootstrap(b, area, {.resamples = 2000});
  std::vector<double> differences;
  for (std::size_t r = 0; r < 2000; ++r) differences.push_back(of_b[0][r] - of_a[0][r]);
  const std::vector<RankingTerm> terms = {{&a, {}, -1}, {&b, {}, 1}};
  const Bounds resampled = percentile_interval(differences, 0.95);
  EXPECT_NEAR(width(resampled) / width(delong_interval(std::span<const RankingTerm>(terms), 0.95)),
              1, 0.06);

  const MeasuredRows once = measure_rows(a, {}, {.resamples = 100});
  const MeasuredRows again = measure_rows(a, {}, {.resamples = 100});
  for (const Measurement& m : contrast(std::vector<ContrastTerm>{{&once, 1}, {&again, -1}})) {
    ASSERT_TRUE(m.bounds) << m.metric->name;
    EXPECT_EQ(width(m.bounds), 0) << m.metric->name;
  }
  const MeasuredRows other = measure_rows(a, {1, 1}, {.resamples = 100});
  for (const Measurement& m : contrast(std::vector<ContrastTerm>{{&once, 1}, {&other, -1}})) {
    EXPECT_GT(width(m.bounds), 0.01) << m.metric->name;
  }
}

TEST(Contrast, OfAccuracyIsThePairedInterval) {
  const std::vector<std::uint8_t> a = {1, 1, 0, 1, 0, 1, 1, 0}, b = {1, 1, 1, 1, 0, 1, 1, 1};
  const Measurement m = contrast(std::vector<AnswerTerm>{{b, 0, 1}, {a, 0, -1}});
  EXPECT_EQ(m.metric->name, "id_accuracy");
  EXPECT_DOUBLE_EQ(m.value, 0.25);
  // Differences 0 0 1 0 0 0 0 1: mean 1/4, variance 6/28.
  EXPECT_NEAR(width(m.bounds), 2 * 1.959963984540054 * std::sqrt(6.0 / 28 / 8), 1e-12);
  EXPECT_FALSE(contrast(std::vector<AnswerTerm>{{std::span(a).first(1), 0, 1}}).bounds);
}

TEST(RankRows, KnowsTheStepOfEveryRow) {
  const Scores id = {3, -0.0F, 1}, ood = {0, 3, 7};
  const RowRanking rows = rank_rows(id, ood);
  EXPECT_EQ(rows.ranking.steps, rank(std::span<const float>(id), ood).steps);
  EXPECT_THAT(rows.id, testing::ElementsAre(2, 0, 1));
  EXPECT_THAT(rows.ood, testing::ElementsAre(0, 2, 3));
}

}  // namespace
}  // namespace nescio
