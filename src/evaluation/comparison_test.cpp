#include "evaluation/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/rng.h"
#include "io/test_folder.h"
#include "metrics/measure.h"

namespace nescio::evaluation {
namespace {

using testing::HasSubstr;

/// Networks that saw the same rows: each adds noise of its own to the same logits.
class ComparisonTest : public testing::Test {
 protected:
  FinishedRun run(const std::string& name, std::uint64_t seed, std::size_t near_rows = 30) {
    bank::FeatureBank bank = bank::FeatureBank::open_or_create(folder_ / name);
    add(bank, "in/test", 60, 3, seed);
    add(bank, "a/test", near_rows, 0.5, seed);
    add(bank, "b/test", 20, 1, seed);
    add(bank, "c/test", 25, 0, seed);
    return {
        name, {"msp"}, {.id = "in/test", .near = {"a/test", "b/test"}, .far = {"c/test"}}, bank};
  }

  static Comparison compare(const std::vector<Arm>& arms, std::size_t resamples = 0) {
    EvaluationSettings settings;
    settings.intervals.resamples = resamples;
    return compare_arms(arms, 0, settings);
  }
  static std::string refusal(const std::vector<Arm>& arms) {
    return io::error_of([&] { compare(arms); });
  }

  io::TestFolder folder_;

 private:
  static void add(bank::FeatureBank& bank, const std::string& split, std::size_t rows, double peak,
                  std::uint64_t seed) {
    const bool id = split == "in/test";
    std::vector<float> logits;
    std::vector<std::int64_t> labels;
    Rng common(rows, static_cast<std::uint64_t>(split[0])), own(seed, rows);
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < 3; ++c) {
        logits.push_back(
            static_cast<float>((c == r % 3 ? peak : 0) + common.normal() + 0.5 * own.normal()));
      }
      labels.push_back(id ? static_cast<std::int64_t>(r % 3) : -1);
    }
    bank::SplitWriter writer(bank, split, rows,
                             {{"logits", DType::float32, {3}}, {"labels", DType::int64, {}}}, {});
    writer.write("logits", Array({rows, 3}, logits));
    writer.write("labels", Array({rows}, labels));
    writer.commit(rows);
    writer.finish();
  }
};

double value_of(const Results& results, const ComparedRow& like) {
  for (const ResultRow& row : results.rows) {
    if (row.detector == like.detector && row.set == like.set && row.role == like.role &&
        row.metric == like.metric) {
      return row.value;
    }
  }
  return -1;
}

/// DeLong, DeLong and Clarke-Pearson for two scores of the same rows: the half width of the 95 % interval of
/// the difference of the areas, from the placements of every row.
double delong_half_width(const std::vector<std::vector<float>>& id,
                         const std::vector<std::vector<float>>& ood) {
  const auto half = [](float below, float above) {
    return below < above ? 1 : below == above ? 0.5 : 0;
  };
  const auto variance_of_mean = [](const std::vector<double>& d) {
    const auto n = static_cast<double>(d.size());
    double mean = 0, squares = 0;
    for (const double x : d) mean += x / n;
    for (const double x : d) squares += (x - mean) * (x - mean);
    return squares / (n - 1) / n;
  };
  std::vector<double> of_id(id[0].size()), of_ood(ood[0].size());
  for (std::size_t i = 0; i < of_id.size(); ++i) {
    for (std::size_t o = 0; o < of_ood.size(); ++o) {
      const double won = half(id[0][i], ood[0][o]) - half(id[1][i], ood[1][o]);
      of_id[i] += won / static_cast<double>(of_ood.size());
      of_ood[o] += won / static_cast<double>(of_id.size());
    }
  }
  return 1.959963984540054 * std::sqrt(variance_of_mean(of_id) + variance_of_mean(of_ood));
}

TEST_F(ComparisonTest, OfDetectorsIsThePairedTest) {
  const Arm arm{"a", {run("a0", 1)}};
  EvaluationSettings settings;
  settings.detectors = {"msp", "max_logit"};
  settings.intervals.resamples = 50;
  std::map<std::string, std::vector<std::vector<float>>> scores;  // by set, of each detector
  evaluate(arm.runs[0].bank, arm.runs[0].roles, settings, {},
           [&](const std::string&, const std::string& set, const Array& of_set) {
             scores[set].emplace_back(of_set.as<float>().begin(), of_set.as<float>().end());
           });
  const Comparison comparison = compare_detectors(arm, "", settings);
  EXPECT_TRUE(comparison.of_detectors);
  EXPECT_EQ(sides(comparison), settings.detectors);
  EXPECT_EQ(subjects(comparison), std::vector<std::string>{"a"});
  // Three sets and two means with five metrics, none of the answers alone; two detectors.
  ASSERT_EQ(comparison.rows.size(), 5U * 5U * 2U);
  std::size_t tested = 0;
  for (const ComparedRow& row : comparison.rows) {
    EXPECT_EQ(row.difference.has_value(), row.detector == "max_logit");
    if (!row.difference) continue;
    EXPECT_TRUE(row.difference->over_rows);
    if (row.metric != "auroc" || row.set == mean_of_sets) continue;
    const double half = delong_half_width(scores.at("in/test"), scores.at(row.set));
    EXPECT_NEAR(row.difference->over_rows->lower, row.difference->value - half, 1e-9);
    EXPECT_NEAR(row.difference->over_rows->upper, row.difference->value + half, 1e-9);
    ++tested;
  }
  EXPECT_EQ(tested, 3U);
}

// Each detector against the baseline on the same network, network by network.
TEST_F(ComparisonTest, OfDetectorsOverSeedsPairsTheRuns) {
  const Arm arm{"a", {run("a0", 1), run("a1", 2), run("a2", 3)}};
  EvaluationSettings settings;
  settings.detectors = {"msp", "max_logit", "energy(T=1)"};
  settings.intervals.resamples = 0;
  const Comparison comparison = compare_detectors(arm, "max_logit", settings);
  EXPECT_EQ(comparison.baseline, 1U);
  for (const ComparedRow& row : comparison.rows) {
    ASSERT_EQ(row.runs.size(), 3U);
    EXPECT_TRUE(row.deviation);
    if (!row.difference) continue;
    EXPECT_TRUE(row.difference->over_runs);
    for (std::size_t r = 0; r < 3; ++r) {
      const FinishedRun& of = arm.runs[r];
      EXPECT_EQ(row.runs[r], value_of(evaluate(of.bank, of.roles, settings), row));
    }
  }
  EXPECT_THAT(io::error_of([&] { compare_detectors(arm, "energy", settings); }),
              HasSubstr("no detector is called 'energy'"));
}

TEST_F(ComparisonTest, ValuesAreThoseOfTheEvaluations) {
  const std::vector<Arm> arms = {{"a", {run("a0", 1), run("a1", 2)}},
                                 {"b", {run("b0", 3), run("b1", 4)}}};
  const Comparison comparison = compare(arms);
  // Three sets and two means with five metrics, the accuracy; two arms.
  ASSERT_EQ(comparison.rows.size(), 2U * (5U * 5U + 1U));
  for (std::size_t i = 0; i < comparison.rows.size(); ++i) {
    const ComparedRow& row = comparison.rows[i];
    const std::size_t arm = row.arm == "a" ? 0 : 1;
    ASSERT_EQ(row.runs.size(), 2U);
    for (std::size_t r = 0; r < 2; ++r) {
      const FinishedRun& of = arms[arm].runs[r];
      EXPECT_DOUBLE_EQ(row.runs[r],
                       value_of(evaluate(of.bank, of.roles,
                                         {.detectors = {"msp"}, .intervals = {.resamples = 0}}),
                                row));
    }
    EXPECT_DOUBLE_EQ(row.mean, (row.runs[0] + row.runs[1]) / 2);
    EXPECT_NEAR(*row.deviation, std::abs(row.runs[0] - row.runs[1]) / std::sqrt(2.0), 1e-15);
    EXPECT_EQ(row.difference.has_value(), arm == 1);
    if (arm == 0) continue;
    const ComparedRow& base = comparison.rows[i - 1];
    const double first = row.runs[0] - base.runs[0], second = row.runs[1] - base.runs[1];
    EXPECT_NEAR(row.difference->value, (first + second) / 2, 1e-15);
    const double half = 12.706204736174694 * std::abs(first - second) / 2;  // t of two, 1 degree
    EXPECT_NEAR(row.difference->over_runs->lower, (first + second) / 2 - half, 1e-10);
    EXPECT_NEAR(row.difference->over_runs->upper, (first + second) / 2 + half, 1e-10);
  }
}

// The interval of the near AUROC's difference is that of the twelve areas it is made of.
TEST_F(ComparisonTest, IntervalsOverRowsKnowThatRowsAreShared) {
  const std::vector<Arm> arms = {{"a", {run("a0", 1), run("a1", 2)}},
                                 {"b", {run("b0", 3), run("b1", 4)}}};
  std::vector<metrics::MeasuredRows> measured;
  for (const Arm& arm : arms) {
    for (const FinishedRun& of : arm.runs) {
      std::map<std::string, Array> scores;
      evaluate(
          of.bank, of.roles, {.detectors = {"msp"}, .intervals = {.resamples = 0}}, {},
          [&](const auto&, const std::string& set, const Array& of_set) { scores[set] = of_set; });
      for (const std::size_t set : {0U, 1U}) {
        measured.push_back(metrics::measure_rows(
            metrics::rank_rows(scores.at("in/test"), scores.at(set ? "b/test" : "a/test")),
            {0, 1 + set}, {.resamples = 200}));
      }
    }
  }
  std::vector<metrics::ContrastTerm> terms;
  for (std::size_t m = 0; m < 8; ++m) terms.push_back({&measured[m], m < 4 ? -0.25 : 0.25});
  const auto expected = metrics::contrast(terms);
  std::size_t seen = 0;
  for (const ComparedRow& row : compare(arms, 200).rows) {
    if (row.set != mean_of_sets || row.role != "near" || row.arm != "b") continue;
    const metrics::Measurement& like = expected[seen++];
    ASSERT_EQ(row.metric, like.metric->name);
    EXPECT_NEAR(row.difference->over_rows->lower, like.bounds->lower, 1e-12) << row.metric;
    EXPECT_NEAR(row.difference->over_rows->upper, like.bounds->upper, 1e-12) << row.metric;
  }
  EXPECT_EQ(seen, expected.size());
}

TEST_F(ComparisonTest, OneRunStandsAgainstEveryOther) {
  const Comparison comparison =
      compare({{"start", {run("s", 1)}}, {"oe", {run("o0", 2), run("o1", 3)}}});
  for (std::size_t i = 1; i < comparison.rows.size(); i += 2) {
    const ComparedRow &start = comparison.rows[i - 1], &oe = comparison.rows[i];
    EXPECT_FALSE(start.deviation);
    EXPECT_NEAR(oe.difference->value, oe.mean - start.mean, 1e-15);
    EXPECT_FALSE(oe.difference->over_runs);
    EXPECT_TRUE(oe.metric != "auroc" || oe.difference->over_rows);
  }
}

TEST_F(ComparisonTest, PairsMayHaveRowsOfTheirOwn) {
  const std::vector<Arm> arms = {{"a", {run("a0", 1), run("a1", 2, 29)}},
                                 {"b", {run("b0", 3), run("b1", 4, 29)}}};
  const Comparison comparison = compare(arms);
  EXPECT_FALSE(comparison.same_rows);
  EXPECT_THAT(definitions(comparison).back(), HasSubstr("Not all runs"));
  EXPECT_TRUE(compare({{"a", {arms[0].runs[0]}}, {"b", {arms[1].runs[0]}}}).same_rows);
}

TEST_F(ComparisonTest, RefusesRunsThatDoNotMatch) {
  const FinishedRun a = run("a", 1), b = run("b", 2);
  EXPECT_THAT(refusal({{"a", {a}}, {"b", {run("fewer", 2, 29)}}}),
              HasSubstr("a/test is 29 rows with labels of SHA-256"));
  EXPECT_THAT(refusal({{"a", {a, b, a}}, {"b", {b, a}}}),
              HasSubstr("arm b has 2 runs and the baseline a 3"));
  FinishedRun other = b;
  other.detectors = {"energy"};
  EXPECT_THAT(refusal({{"a", {a}}, {"b", {other}}}),
              HasSubstr("b has the detectors energy, but a has msp"));
  other = b;
  other.roles.far = {};
  EXPECT_THAT(refusal({{"a", {a}}, {"b", {other}}}),
              HasSubstr("b was evaluated on id in/test, near a/test, near b/test, but a on id "));
}

}  // namespace
}  // namespace nescio::evaluation
