#include "evaluation/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/interrupt.h"
#include "base/rng.h"
#include "io/test_folder.h"

namespace nescio::evaluation {
namespace {

// A bank of two classes with logits alone: ID rows are sure, OOD rows are not.
class Evaluation : public testing::Test {
 protected:
  Evaluation() : bank(bank::FeatureBank::open_or_create(folder_ / "bank")) {
    add("id/test", {5, 0, 0, 4, 3, 0, 0, 2}, {0, 1, 0, 0});
    add("a/test", {1, 0, 0, 2.5, 0, 0}, {-1, 7, -1});
    add("b/test", {0, 0.5}, {-1});
  }

  void add(const std::string& split, std::vector<float> logits, std::vector<std::int64_t> labels) {
    const std::size_t rows = labels.size();
    bank::SplitWriter writer(bank, split, rows,
                             {{"logits", DType::float32, {2}}, {"labels", DType::int64, {}}}, {});
    writer.write("logits", Array({rows, 2}, std::move(logits)));
    writer.write("labels", Array({rows}, std::move(labels)));
    writer.commit(rows);
    writer.finish();
  }

  Results run(const Roles& roles, std::vector<std::string> detectors = {"max_logit"},
              bool skip = false) {
    EvaluationSettings settings;
    settings.detectors = std::move(detectors);
    settings.skip_unavailable = skip;
    settings.intervals.resamples = 0;
    return evaluate(bank, roles, settings, {}, keep);
  }
  std::string refusal(const Roles& roles, const std::vector<std::string>& detectors,
                      bool skip = false) {
    return io::error_of([&] { run(roles, detectors, skip); });
  }

  io::TestFolder folder_;
  bank::FeatureBank bank;
  KeepScores keep;
};

double value_of(const Results& results, const std::string& set, const std::string& role,
                const std::string& metric) {
  for (const ResultRow& row : results.rows) {
    if (row.set == set && row.role == role && row.metric == metric) return row.value;
  }
  ADD_FAILURE() << set << ' ' << role << ' ' << metric;
  return -1;
}

TEST_F(Evaluation, MeasuresSetsAndMeans) {
  const Results results = run({.id = "id/test", .near = {"a/test", "b/test"}, .far = {}});
  // ID maxima 5 4 3 2, OOD maxima 1 2.5 0: one of 12 pairs is in the wrong order.
  EXPECT_DOUBLE_EQ(value_of(results, "a/test", "near", "auroc"), 11.0 / 12);
  EXPECT_DOUBLE_EQ(value_of(results, "b/test", "near", "auroc"), 1);
  EXPECT_DOUBLE_EQ(value_of(results, "mean", "near", "auroc"), (11.0 / 12 + 1) / 2);
  EXPECT_DOUBLE_EQ(value_of(results, "id/test", "id", "id_accuracy"), 0.75);
  ASSERT_EQ(results.sets.size(), 3U);
  EXPECT_EQ(results.sets[1].rows, 3U);
  EXPECT_EQ(results.rows.back().set, mean_of_sets);
  EXPECT_FALSE(results.rows.back().bounds);
}

// OpenOOD's full spectrum: ID rows of other conditions are ID rows, to the scores and to the accuracy.
TEST_F(Evaluation, ShiftedSplitsCountAsID) {
  add("s/test", {2.2F, 0, 0, 6, 0.5F, 0}, {1, 1, 0});
  std::size_t pooled = 0;
  keep = [&](const std::string&, const std::string& set, const Array& scores) {
    if (set == "id/test+s/test") pooled = scores.rows();
  };
  const Results results =
      run({.id = "id/test", .shifted = {"s/test"}, .near = {"a/test"}, .far = {"b/test"}});
  ASSERT_EQ(results.sets.size(), 3U);
  EXPECT_EQ(results.sets[0].name, "id/test+s/test");
  EXPECT_EQ(results.sets[0].role, "id");
  EXPECT_EQ(results.sets[0].rows, 7U);
  EXPECT_EQ(pooled, 7U);
  // ID maxima 5 4 3 2 2.2 6 0.5; OOD maxima 1 2.5 0 and 0.5: 4 pairs of 21 are in the wrong order, and of
  // the 7 one is tied.
  EXPECT_DOUBLE_EQ(value_of(results, "a/test", "near", "auroc"), 17.0 / 21);
  EXPECT_DOUBLE_EQ(value_of(results, "b/test", "far", "auroc"), 6.5 / 7);
  EXPECT_DOUBLE_EQ(value_of(results, "id/test+s/test", "id", "id_accuracy"), 5.0 / 7);
  EXPECT_NE(io::error_of([&] {
              run({.id = "id/test", .shifted = {"a/test"}, .near = {"a/test"}, .far = {}});
            }).find("a/test is named as shifted and as near"),
            std::string::npos);
}

TEST_F(Evaluation, MeasuresFurtherMetricsWhereTheRowsAllowIt) {
  const std::vector<std::string> all = {"all"};
  EvaluationSettings settings{.detectors = {"max_logit"},
                              .metrics = metrics::standard_metrics(all),
                              .intervals = {.resamples = 20}};
  const Roles roles{.id = "id/test", .near = {"a/test", "b/test"}, .far = {}};
  const Results results = evaluate(bank, roles, settings);
  EXPECT_EQ(results.metrics, settings.metrics);
  EXPECT_TRUE(results.notices.empty());
  // The ID row with the maximum 2 is classified wrong; the others are surer than 1, 2.5 and 0.
  EXPECT_DOUBLE_EQ(value_of(results, "a/test", "near", "oscr"), 9.0 / 12);
  EXPECT_DOUBLE_EQ(value_of(results, "b/test", "near", "oscr"), 0.75);
  EXPECT_GT(value_of(results, "id/test", "id", "ece"), 0);
  // Probabilities of class 0: two in the last bin, both right, one in the first, and one in the second
  // that is its label; class 1 has the same errors in other bins.
  const auto share = [](double margin) { return 1 / (1 + std::exp(margin)); };
  EXPECT_NEAR(value_of(results, "id/test", "id", "classwise_ece"),
              (share(5) + share(3) + share(4) + 1 - share(2)) / 4, 1e-6);
  for (const ResultRow& row : results.rows) {
    if (row.set != "a/test" && row.role != "id") continue;
    EXPECT_TRUE(row.bounds.has_value()) << row.metric;
  }

  // Without labels: what needs them is left out, and what was asked for is said.
  const Results unlabelled =
      evaluate(bank, {.id = "b/test", .near = {"a/test"}, .far = {}}, settings);
  ASSERT_EQ(unlabelled.notices.size(), 1U);
  for (const metrics::Metric* metric : settings.metrics) {
    if (metric->standard) continue;  // left out without a word
    EXPECT_EQ(unlabelled.notices[0].find(metric->name) != std::string::npos, metric->needs_answers)
        << metric->name;
  }
  EXPECT_THAT(
      unlabelled.notices[0],
      ::testing::EndsWith("left out: b/test has no labels, or neither logits nor predictions"));
  for (const metrics::Metric* metric : unlabelled.metrics) EXPECT_FALSE(metric->needs_answers);
}

TEST_F(Evaluation, HandsOutScores) {
  std::vector<std::string> kept;
  keep = [&](const std::string& detector, const std::string& set, const Array& scores) {
    kept.push_back(detector + " " + set);
    if (set == "b/test") {
      EXPECT_EQ(scores.as<float>()[0], -0.5F);
    }
  };
  run({.id = "id/test", .near = {}, .far = {"b/test"}});
  EXPECT_EQ(kept, (std::vector<std::string>{"max_logit id/test", "max_logit b/test"}));
}

TEST_F(Evaluation, CountsWhatARowCosts) {
  const Results results =
      run({.id = "id/test", .near = {}, .far = {"b/test"}}, {"energy", "max_logit"});
  ASSERT_EQ(results.costs.size(), 2U);
  EXPECT_EQ(results.costs[0].detector, "energy");
  EXPECT_EQ(results.costs[1].operations, 2 + 1);  // the largest of two logits, and its sign
  EXPECT_GE(results.costs[0].operations, results.costs[1].operations);
  EXPECT_TRUE(results.costs[0].arrays.empty());
}

// a/test is validation here: its largest score is the lowest threshold that keeps 95 % of few rows.
TEST_F(Evaluation, TriesTheThresholdOfTheValidationRows) {
  const Roles roles{.val = "a/test", .id = "id/test", .near = {}, .far = {"b/test"}};
  const Results results = run(roles);
  ASSERT_EQ(results.flagged.size(), 2U);
  const auto logits = bank.array("a/test", "logits");
  double largest = -1e9;
  for (std::size_t r = 0; r < logits.rows(); ++r) {
    const auto row = logits.as<float>().subspan(r * logits.cols(), logits.cols());
    largest = std::max<double>(largest, -*std::ranges::max_element(row));
  }
  EXPECT_EQ(results.flagged[0].threshold, largest);
  EXPECT_EQ(results.flagged[0].set, "id/test");
  EXPECT_EQ(results.flagged[1].role, "far");
  // A val split that lacks what the detector reads says nothing, and hinders nobody.
  EXPECT_TRUE(run({.id = "id/test", .near = {}, .far = {"b/test"}}).flagged.empty());
}

TEST_F(Evaluation, SkipsOrRefusesWhatIsMissing) {
  const Roles roles{.train = "a/test", .id = "id/test", .near = {"b/test"}, .far = {}};
  const Results results = run(roles, {"knn(k=1)", "energy"}, true);
  ASSERT_EQ(results.skipped.size(), 1U);
  EXPECT_EQ(results.skipped[0].detector, "knn(k=1)");
  EXPECT_EQ(results.skipped[0].reason, "a/test has no features");
  EXPECT_EQ(results.detectors, std::vector<std::string>{"energy"});
  EXPECT_NE(refusal(roles, {"knn(k=1)"}).find("[knn(k=1)]"), std::string::npos);
  EXPECT_NE(io::error_of([&] { run(roles, {"knn(k=1)"}, true); }).find("no detector can be fitted"),
            std::string::npos);
}

TEST_F(Evaluation, ADamagedArrayHindersThoseThatReadIt) {
  for (const std::string split : {"x/test", "y/test"}) {
    bank::SplitWriter writer(
        bank, split, 2, {{"logits", DType::float32, {2}}, {"features", DType::float32, {2}}}, {});
    writer.write("logits", Array({2, 2}, std::vector<float>{1, 0, 0, 1}));
    writer.write("features", Array({2, 2}, std::vector<float>{1, 0, 0, 1}));
    writer.commit(2);
    writer.finish();
  }
  std::filesystem::resize_file(folder_ / "bank/y/test/features.npy", 100);
  bank = bank::FeatureBank::open(folder_ / "bank");
  const Roles roles{.train = "y/test", .id = "x/test", .near = {"b/test"}, .far = {}};
  const Results results = run(roles, {"energy", "knn(k=1)"}, true);
  EXPECT_EQ(results.detectors, std::vector<std::string>{"energy"});
  EXPECT_NE(refusal(roles, {"knn(k=1)"}).find("y/test/features.npy"), std::string::npos);
}

TEST_F(Evaluation, OfSeveralBanksTakesTheMeanOfTheirScores) {
  bank::FeatureBank other = bank::FeatureBank::open_or_create(folder_ / "other");
  std::swap(bank, other);
  add("id/test", {0, 9, 0, 4, 3, 0, 0, 2}, {0, 1, 0, 0});
  add("a/test", {3, 0, 0, 0.5, 0, 0}, {-1, 7, -1});
  add("alone/test", {0, 0}, {0});
  const bank::BankViews both = bank::side_by_side({{"one", other}, {"two", bank}});
  std::map<std::string, Array> scores;
  EvaluationSettings settings{.detectors = {"max_logit"}, .intervals = {.resamples = 0}};
  const Roles roles{.id = "id/test", .near = {"a/test"}, .far = {}};
  const Results results = evaluate(
      both, roles, settings, {},
      [&](const std::string&, const std::string& set, const Array& s) { scores[set] = s; });
  EXPECT_THAT(scores.at("id/test").as<float>(), testing::ElementsAre(-7, -4, -3, -2));
  EXPECT_THAT(scores.at("a/test").as<float>(), testing::ElementsAre(-2, -1.5, 0));
  // Row 0 is of class 1 by the mean of probabilities, though not by the first network.
  EXPECT_DOUBLE_EQ(value_of(results, "id/test", "id", "id_accuracy"), 0.5);
  EXPECT_THAT(
      io::error_of([&] { evaluate(both, {.id = "id/test", .near = {"b/test"}}, settings); }),
      testing::HasSubstr("there is no split 'b/test'"));
}

// No float holds the probability of a label that the network is this sure not to see.
TEST_F(Evaluation, LikelihoodDoesNotEndWhereProbabilitiesVanish) {
  bank::FeatureBank other = bank::FeatureBank::open_or_create(folder_ / "other");
  std::swap(bank, other);
  add("id/test", {200, 0, 0, 200}, {1, 1});
  add("a/test", {0, 1}, {-1});
  std::swap(bank, other);
  add("sure/test", {1000, 0, 0, 500}, {1, 1});
  const std::vector<std::string> further = {"nll"};
  EvaluationSettings settings{.detectors = {"max_logit"},
                              .metrics = metrics::standard_metrics(further),
                              .intervals = {.resamples = 20}};
  Results results = evaluate(bank, {.id = "sure/test", .near = {"a/test"}}, settings);
  EXPECT_DOUBLE_EQ(value_of(results, "sure/test", "id", "nll"), 500);
  const auto nll = std::ranges::find(results.rows, "nll", &ResultRow::metric);
  EXPECT_DOUBLE_EQ(nll->bounds.value().upper, 1000);  // both rows drawn are the first one

  bank::FeatureBank surer = bank::FeatureBank::open_or_create(folder_ / "surer");
  std::swap(bank, surer);
  add("id/test", {1000, 0, 0, 1000}, {1, 1});
  add("a/test", {0, 1}, {-1});
  const bank::BankViews both = bank::side_by_side({{"one", other}, {"two", bank}});
  results = evaluate(both, {.id = "id/test", .near = {"a/test"}}, settings);
  EXPECT_NEAR(value_of(results, "id/test", "id", "nll"), (200 + std::log(2)) / 2, 1e-4);
}

TEST_F(Evaluation, SkipsOrRefusesWhatTooFewRowsDoNotAllow) {
  for (const std::string split : {"few/train", "few/test", "few/ood"}) {
    bank::SplitWriter writer(
        bank, split, 2, {{"logits", DType::float32, {2}}, {"features", DType::float32, {2}}}, {});
    writer.write("logits", Array({2, 2}, std::vector<float>{1, 0, 0, 1}));
    writer.write("features", Array({2, 2}, std::vector<float>{1, 0, 0, 1}));
    writer.commit(2);
    writer.finish();
  }
  const Roles roles{.train = "few/train", .id = "few/test", .near = {"few/ood"}, .far = {}};
  const Results results = run(roles, {"knn(k=3)", "energy"}, true);
  ASSERT_EQ(results.skipped.size(), 1U);
  EXPECT_NE(results.skipped[0].reason.find("k = 3 is more than the 2 training rows"),
            std::string::npos);
  EXPECT_EQ(results.detectors, std::vector<std::string>{"energy"});
  EXPECT_NE(refusal(roles, {"knn(k=3)"}).find("k = 3"), std::string::npos);
}

TEST_F(Evaluation, RefusesRolesThatDoNotFit) {
  const std::vector<std::string> energy = {"energy"};
  EXPECT_NE(refusal({.id = "id/test"}, energy).find("near= or far="), std::string::npos);
  EXPECT_NE(refusal({.id = "id/test", .near = {"id/test"}}, energy).find("one role"),
            std::string::npos);
  EXPECT_NE(refusal({.train = "id/test", .id = "id/test", .near = {"a/test"}}, energy)
                .find("as train and as id"),
            std::string::npos);
  EXPECT_EQ(refusal({.val = "id/test", .id = "id/test", .near = {"a/test"}}, energy), "");
  EXPECT_NE(refusal({.id = "a/test", .near = {"b/test"}}, energy).find("row 0 has label -1"),
            std::string::npos);
}

// Three classes of features about three corners; OOD rows lie between them.
class FeaturesAlone : public testing::Test {
 protected:
  FeaturesAlone() {
    add("id/train", false);
    add("id/test", false);
    add("ood/test", true);
  }
  void add(const std::string& split, bool ood, bool labels = true) {
    Rng rng(split.size());
    std::vector<float> features;
    std::vector<std::int64_t> y;
    for (std::size_t r = 0; r < rows; ++r) {
      y.push_back(ood ? -1 : static_cast<std::int64_t>(r % 3));
      for (std::size_t d = 0; d < 4; ++d) {
        const double centre = ood ? 1.0 : d == r % 3 ? 3.0 : 0.0;
        features.push_back(static_cast<float>(centre + 0.3 * rng.normal()));
      }
    }
    std::vector<bank::ArrayPlan> plans = {{"features", DType::float32, {4}}};
    if (labels) plans.push_back({"labels", DType::int64, {}});
    bank::SplitWriter writer(bank, split, rows, plans, {});
    writer.write("features", Array({rows, 4}, std::move(features)));
    if (labels) writer.write("labels", Array({rows}, std::move(y)));
    writer.commit(rows);
    writer.finish();
  }
  void add_head() {
    bank.set_head({Array({3, 4}, std::vector<float>{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}),
                   Array({3}, std::vector<float>{0.5F, 0, -0.5F})},
                  {});
  }
  Results run(const std::vector<std::string>& detectors) {
    EvaluationSettings settings{.detectors = detectors, .intervals = {.resamples = 0}};
    return evaluate(bank, roles, settings);
  }

  static constexpr std::size_t rows = 60;
  Roles roles{.train = "id/train", .val = "id/train", .id = "id/test", .near = {"ood/test"}};
  io::TestFolder folder_;
  bank::FeatureBank bank = bank::FeatureBank::open_or_create(folder_ / "bank");
};

TEST_F(FeaturesAlone, SayTheirClassesByTheirLabels) {
  for (const char* detector : {"mahalanobis", "relative_mahalanobis", "knn(k=3)"}) {
    const Results results = run({detector});
    EXPECT_GT(value_of(results, "ood/test", "near", "auroc"), 0.95) << detector;
  }
  EXPECT_NE(io::error_of([&] { run({"energy"}); }).find("has no logits"), std::string::npos);
}

TEST_F(FeaturesAlone, RefuseLabelsThatAreNoClasses) {
  bank::SplitWriter writer(bank, "id/train", 2,
                           {{"features", DType::float32, {4}}, {"labels", DType::int64, {}}}, {});
  writer.write("features", Array({2, 4}, std::vector<float>(8, 1)));
  writer.write("labels", Array({2}, std::vector<std::int64_t>{0, std::int64_t{1} << 60}));
  writer.commit(2);
  writer.finish();
  const std::string refusal = io::error_of([&] { run({"mahalanobis"}); });
  EXPECT_NE(refusal.find("row 1 has label 1152921504606846976"), std::string::npos) << refusal;
}

TEST_F(FeaturesAlone, GiveLogitsByTheHead) {
  add_head();
  const Results results = run({"max_logit", "react(q=0.9)+energy", "scale+msp", "vim"});
  EXPECT_EQ(results.detectors.size(), 4U);
  EXPECT_EQ(value_of(results, "id/test", "id", "id_accuracy"), 1);
  EXPECT_GT(value_of(results, "ood/test", "near", "auroc"), 0.95);
}

TEST_F(FeaturesAlone, GiveLogitsByTheHeadWhereOnlySomeSplitsLackThem) {
  add_head();
  std::vector<float> logits(rows * 3);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = i % 2 == 0 ? 9.F : -9.F;
  const Results before = run({"max_logit"});
  bank::SplitWriter writer(bank, "id/test", rows,
                           {{"features", DType::float32, {4}}, {"logits", DType::float32, {3}}},
                           {});
  writer.write("features", bank.array("id/test", "features"));
  writer.write("logits", Array({rows, 3}, std::move(logits)));
  writer.commit(rows);
  writer.finish();
  // One way for all rows that are compared.
  EXPECT_EQ(value_of(run({"max_logit"}), "ood/test", "near", "auroc"),
            value_of(before, "ood/test", "near", "auroc"));
}

TEST_F(Evaluation, SaysWhereScoresAreTheSame) {
  const Roles roles{.id = "id/test", .near = {"a/test"}, .far = {"b/test"}};
  EXPECT_TRUE(run(roles).notices.empty());
  // Beyond the digits of a float only T log C is left.
  const Results flat = run(roles, {"energy(T=1e+12)"});
  ASSERT_EQ(flat.notices.size(), 1U);
  EXPECT_NE(flat.notices[0].find("[energy(T=1e+12)] a/test: 100 % of the pairs"), std::string::npos)
      << flat.notices[0];
}

TEST_F(Evaluation, LeavesOutWhatCannotScoreTheseRowsWhereThatIsAllowed) {
  const Roles roles{.id = "id/test", .near = {"a/test"}};
  const Results results = run(roles, {"energy(T=1e-40)", "msp"}, true);
  EXPECT_EQ(results.detectors, std::vector<std::string>{"msp"});
  ASSERT_EQ(results.costs.size(), 1U);
  EXPECT_EQ(results.costs[0].detector, "msp");
  ASSERT_EQ(results.skipped.size(), 1U);
  EXPECT_EQ(results.skipped[0].detector, "energy(T=1e-40)");
  EXPECT_NE(results.skipped[0].reason.find("of 4 rows are NaN or infinite"), std::string::npos);
  for (const ResultRow& row : results.rows) EXPECT_EQ(row.detector, "msp");
  EXPECT_NE(refusal(roles, {"energy(T=1e-40)"}, true).find("no detector can score these rows"),
            std::string::npos);
}

TEST_F(Evaluation, CountsScoresThatAreNoNumbers) {
  const Roles roles{.id = "id/test", .near = {"a/test"}};
  const std::string refusal = this->refusal(roles, {"energy(T=1e-40)"});
  EXPECT_NE(
      refusal.find("[energy(T=1e-40)] id/test: the scores of 4 of 4 rows are NaN or infinite"),
      std::string::npos)
      << refusal;
}

TEST_F(Evaluation, NeedsNoLabels) {
  const Results results = run({.id = "b/test", .near = {"a/test"}, .far = {}});
  for (const ResultRow& row : results.rows) EXPECT_EQ(row.role, "near");
}

TEST_F(Evaluation, StopsWhenInterrupted) {
  request_interrupt();
  EXPECT_THROW(run({.id = "id/test", .near = {"a/test"}}), Interrupted);
  clear_interrupt();
}

}  // namespace
}  // namespace nescio::evaluation
