#include "metrics/measure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"
#include "metrics/curves.h"
#include "metrics/delong.h"

namespace nescio::metrics {
namespace {

using testing::ElementsAre;
using FloatScores = std::vector<float>;

RowRanking ranking_of(const FloatScores& id, const FloatScores& ood) {
  return rank_rows(Array({id.size()}, id), Array({ood.size()}, ood));
}

std::vector<std::string> names(const std::vector<Measurement>& measured) {
  std::vector<std::string> all;
  for (const Measurement& m : measured) all.push_back(m.metric->name);
  return all;
}

RowRanking some_rows() { return ranking_of({1, 2, 3, 4, 5, 6, 7}, {4, 5.5F, 8, 9, 10}); }

// The scores that two networks give the same rows: what they have in common, and some of their own.
struct TwoNetworks {
  TwoNetworks(std::size_t id, std::size_t ood, unsigned seed, bool ties = false) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    const auto draw = [&](std::size_t count, float shift, FloatScores& a, FloatScores& b) {
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
  FloatScores id_a, id_b, ood_a, ood_b;
};

// DeLong et al. 1988, equations (3) to (7) with every pair of rows: the variance of L theta' for
// areas of the same ID and OOD rows.
double literal_variances(const std::vector<FloatScores>& id, const std::vector<FloatScores>& ood,
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
    const std::vector<FloatScores> id = {world.id_a, world.id_b, more.id_a};
    const std::vector<FloatScores> ood = {world.ood_a, world.ood_b, more.ood_a};
    const std::vector<double> weights = {-1, 0.5, 0.5};
    std::vector<RowRanking> rows;
    for (std::size_t k = 0; k < 3; ++k) rows.push_back(ranking_of(id[k], ood[k]));
    std::vector<RankingTerm> terms;
    double area = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      terms.push_back({&rows[k], {}, weights[k]});
      area += weights[k] * auroc(rows[k].ranking);
    }
    const double half = 1.959963984540054 * std::sqrt(literal_variances(id, ood, weights));
    const auto bounds = delong_interval(std::span<const RankingTerm>(terms), 0.95);
    ASSERT_TRUE(bounds);
    EXPECT_NEAR(bounds->lower, area - half, 1e-12);
    EXPECT_NEAR(bounds->upper, area + half, 1e-12);
  }
}

TEST(PairedDeLong, OfOneAreaIsTheIntervalOfThatArea) {
  const TwoNetworks world(50, 40, 1);
  const RowRanking rows = ranking_of(world.id_a, world.ood_a);
  const std::vector<RankingTerm> one = {{&rows, {}, 1}};
  const auto alone = delong_interval(rows.ranking, 0.9);
  const auto as_sum = delong_interval(std::span<const RankingTerm>(one), 0.9);
  EXPECT_NEAR(as_sum->lower, alone->lower, 1e-12);
  EXPECT_NEAR(as_sum->upper, alone->upper, 1e-12);
}

TEST(PairedDeLong, TakesOtherNumbersForIndependentRows) {
  const TwoNetworks world(50, 40, 1);
  const RowRanking a = ranking_of(world.id_a, world.ood_a), b = ranking_of(world.id_b, world.ood_b);
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
  const RowRanking a = ranking_of(world.id_a, world.ood_a), b = ranking_of(world.ood_b, world.id_b);
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
    const RowRanking a = ranking_of(world.id_a, world.ood_a),
                     b = ranking_of(world.id_b, world.ood_b);
    const std::vector<RankingTerm> terms = {{&a, {}, -1}, {&b, {}, 1}};
    const auto bounds = delong_interval(std::span<const RankingTerm>(terms), 0.9);
    covered += bounds->lower <= truth && truth <= bounds->upper;
  }
  EXPECT_NEAR(covered, 900, 30);
}

TEST(Contrast, MeasuresAsEachRankingAlone) {
  const TwoNetworks world(70, 50, 3, true);
  const MeasuredRows a = measure_rows(ranking_of(world.id_a, world.ood_a), {}, {.resamples = 0});
  const MeasuredRows b = measure_rows(ranking_of(world.id_b, world.ood_b), {}, {.resamples = 0});
  const auto alone_a = measure(a.rows, {.resamples = 0});
  const auto alone_b = measure(b.rows, {.resamples = 0});
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
  const RowRanking a = ranking_of(world.id_a, world.ood_a), b = ranking_of(world.id_b, world.ood_b);
  const auto areas = [](const RowRanking& rows) {
    const RowRanking* one = &rows;
    const std::size_t number = 0;
    return bootstrap(std::span(&one, 1), std::span(&number, 1), {auroc}, {.resamples = 2000})[0];
  };
  const auto of_a = areas(a), of_b = areas(b);
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
  const auto measured = [](std::vector<std::uint8_t> right) {
    return measure_answers({std::move(right), {}}, 0, {.resamples = 0});
  };
  const MeasuredAnswers a = measured({1, 1, 0, 1, 0, 1, 1, 0});
  const MeasuredAnswers b = measured({1, 1, 1, 1, 0, 1, 1, 1});
  const Measurement m = contrast(std::vector<AnswersContrastTerm>{{&b, 1}, {&a, -1}}).at(0);
  EXPECT_EQ(m.metric->name, "id_accuracy");
  EXPECT_DOUBLE_EQ(m.value, 0.25);
  // Differences 0 0 1 0 0 0 0 1: mean 1/4, variance 6/28.
  EXPECT_NEAR(width(m.bounds), 2 * 1.959963984540054 * std::sqrt(6.0 / 28 / 8), 1e-12);
  const MeasuredAnswers one = measured({1});
  EXPECT_FALSE(contrast(std::vector<AnswersContrastTerm>{{&one, 1}}).at(0).bounds);
}

// Values stand by the place of their metric: terms with other metrics would be added to the wrong ones.
TEST(Contrast, RefusesTermsOfOtherMetrics) {
  const std::vector<std::string> further = {"oscr", "autc"};
  const ChosenMetrics metrics = standard_metrics(further);
  const Array id({3}, std::vector<float>{1, 2, 3}), ood({2}, std::vector<float>{2, 5});
  const std::vector<std::uint8_t> right = {1, 0, 1};
  const MeasuredRows with = measure_rows(rank_rows(id, ood, right), {}, {.resamples = 0}, metrics);
  const MeasuredRows without = measure_rows(rank_rows(id, ood), {}, {.resamples = 0}, metrics);
  EXPECT_THROW(contrast(std::vector<ContrastTerm>{{&with, 1}, {&without, -1}}), Error);
}

TEST(Contrast, OfCalibrationResamplesTheSameRows) {
  Answers answers;
  for (int r = 0; r < 60; ++r) {
    answers.right.push_back(r % 3 != 0);
    answers.confidence.push_back(0.5F + 0.008F * static_cast<float>(r));
  }
  const ChosenMetrics ece = {&find_metric("ece")};
  const MeasuredAnswers once = measure_answers(answers, 0, {.resamples = 100}, ece);
  const MeasuredAnswers again = measure_answers(answers, 0, {.resamples = 100}, ece);
  const MeasuredAnswers other = measure_answers(answers, 1, {.resamples = 100}, ece);
  const auto difference = [&](const MeasuredAnswers& b) {
    return contrast(std::vector<AnswersContrastTerm>{{&once, 1}, {&b, -1}}).at(0);
  };
  EXPECT_EQ(width(difference(again).bounds), 0);
  EXPECT_GT(width(difference(other).bounds), 0.01);
}

TEST(RankRows, KnowsTheStepOfEveryRow) {
  const FloatScores id = {3, -0.0F, 1}, ood = {0, 3, 7};
  const RowRanking rows = ranking_of(id, ood);
  EXPECT_EQ(rows.ranking.steps, rank(std::span<const float>(id), ood).steps);
  EXPECT_THAT(rows.id, testing::ElementsAre(2, 0, 1));
  EXPECT_THAT(rows.ood, testing::ElementsAre(0, 2, 3));
}

TEST(Measure, OfARanking) {
  const RowRanking rows = some_rows();
  const Ranking& ranking = rows.ranking;
  const auto measured = measure(rows);
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
TEST(Measure, OfSeveralSetsHaveAMeanWithAnInterval) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> id(400), near(300), far(500);
  for (float& s : id) s = normal(random);
  for (float& s : near) s = normal(random) + 1;
  for (float& s : far) s = normal(random) + 2;
  const std::vector<RowRanking> rankings = {ranking_of(id, near), ranking_of(id, far)};
  const IntervalOptions options{.resamples = 4000};
  const SetMeasurements measured = measure(rankings, options);
  ASSERT_EQ(measured.sets.size(), 2U);
  ASSERT_EQ(measured.mean.size(), 5U);
  for (std::size_t m = 0; m < 5; ++m) {
    EXPECT_DOUBLE_EQ(measured.mean[m].value,
                     (measured.sets[0][m].value + measured.sets[1][m].value) / 2);
  }
  const std::vector<const RowRanking*> both = {&rankings[0], &rankings[1]};
  const std::vector<std::size_t> numbers = {0, 1};
  const auto areas = bootstrap(both, numbers, {auroc}, options);
  auto drawn = areas[0][0];
  const auto& second = areas[1][0];
  for (std::size_t r = 0; r < drawn.size(); ++r) drawn[r] = (drawn[r] + second[r]) / 2;
  const Bounds resampled = percentile_interval(drawn, 0.95);
  const Bounds closed = measured.mean[0].bounds.value();
  EXPECT_NEAR(resampled.lower, closed.lower, 0.1 * (closed.upper - closed.lower));
  EXPECT_NEAR(resampled.upper, closed.upper, 0.1 * (closed.upper - closed.lower));

  const auto alone = measure(std::vector<RowRanking>{rankings[0]}, options);
  for (std::size_t m = 0; m < 5; ++m) {
    EXPECT_EQ(alone.mean[m].bounds->lower, alone.sets[0][m].bounds->lower);
    EXPECT_EQ(alone.mean[m].bounds->upper, alone.sets[0][m].bounds->upper);
  }
}

TEST(Measure, WithoutResamplesKeepTheClosedForms) {
  const auto measured = measure(some_rows(), {.resamples = 0});
  EXPECT_TRUE(measured[0].bounds);
  for (std::size_t i = 1; i < measured.size(); ++i) EXPECT_FALSE(measured[i].bounds);
}

TEST(Measure, OfAnswers) {
  const auto measured = measure(Answers{.right = {1, 1, 0, 1}, .confidence = {}});
  EXPECT_THAT(names(measured), ElementsAre("id_accuracy"));
  EXPECT_EQ(measured[0].value, 0.75);
  EXPECT_LT(measured[0].bounds->lower, 0.75);
  EXPECT_GT(measured[0].bounds->upper, 0.75);
}

// Every metric that can be measured is, and what answers do not allow is left out.
TEST(Measure, AllMetricsAsFarAsTheRowsAllow) {
  const std::vector<std::string> asked = {"all"};
  const ChosenMetrics all = standard_metrics(asked);
  const auto without = measure(some_rows(), {.resamples = 50}, all);
  EXPECT_THAT(names(without), testing::Not(testing::Contains("oscr")));
  EXPECT_THAT(names(without), testing::IsSupersetOf({"autc", "aupr_in_trapezoid"}));
  const std::vector<std::uint8_t> right = {1, 1, 1, 0, 1, 1, 0};
  const Array id({7}, std::vector<float>{1, 2, 3, 4, 5, 6, 7});
  const auto with =
      measure(rank_rows(id, Array({2}, std::vector<float>{4, 8}), right), {.resamples = 50}, all);
  for (const char* name : {"oscr", "ccr(fpr=0.1)", "aurc"}) {
    EXPECT_THAT(names(with), testing::Contains(name));
  }
  for (const Measurement& m : with) {
    ASSERT_TRUE(m.bounds) << m.metric->name;
    EXPECT_LE(m.bounds->lower, m.bounds->upper) << m.metric->name;
  }
  EXPECT_THAT(names(measure(Answers{{1, 0}, {0.9F, 0.6F}}, {.resamples = 50}, all)),
              ElementsAre("id_accuracy", "ece", "id_aurc"));
}

}  // namespace
}  // namespace nescio::metrics
