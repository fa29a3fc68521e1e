#include "evaluation/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/rng.h"
#include "evaluation/evaluate.h"
#include "io/test_folder.h"

namespace nescio::evaluation {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t class_count = 3;
constexpr std::size_t width = 8;

Head head() {
  std::vector<float> weight(class_count * width);
  for (std::size_t c = 0; c < class_count; ++c) weight[c * width + c] = 1;
  return {Array({class_count, width}, std::move(weight)),
          Array({class_count}, std::vector<float>{0.5F, 0, -0.5F})};
}

// Rows about three corners; OOD rows about a point between them, `away` from it.
bank::BankView rows_of(const std::string& split, std::size_t count, double away,
                       std::uint64_t seed) {
  const bool ood = away > 0;
  Rng rng(seed);
  std::vector<float> features, logits;
  std::vector<std::int64_t> labels;
  for (std::size_t r = 0; r < count; ++r) {
    labels.push_back(ood ? -1 : static_cast<std::int64_t>(r % class_count));
    std::vector<float> h(width);
    for (std::size_t d = 0; d < width; ++d) {
      const double centre = ood ? away : d == r % class_count ? 2 : 0;
      h[d] = static_cast<float>(centre + rng.normal());
    }
    for (std::size_t c = 0; c < class_count; ++c) {
      logits.push_back(h[c] + 0.5F - 0.5F * static_cast<float>(c));
    }
    features.insert(features.end(), h.begin(), h.end());
  }
  return bank::view_of(split,
                       {{"features", Array({count, width}, std::move(features))},
                        {"logits", Array({count, class_count}, std::move(logits))},
                        {"labels", Array({count}, std::move(labels))}},
                       head());
}

std::vector<bank::BankView> splits_of(std::uint64_t seed) {
  return {rows_of("in/train", 150, 0, seed),     rows_of("in/val", 60, 0, seed + 1),
          rows_of("in/test", 70, 0, seed + 2),   rows_of("a/val", 40, 0.5, seed + 3),
          rows_of("b/val", 50, 1, seed + 4),     rows_of("near/test", 30, 0.6, seed + 5),
          rows_of("far/test", 20, 1.5, seed + 6)};
}

class SweepTest : public testing::Test {
 protected:
  Results run(const std::vector<std::string>& detectors, bool sweep = true) const {
    EvaluationSettings settings{.detectors = detectors,
                                .sweep = sweep,
                                .skip_unavailable = skip,
                                .executor = executor,
                                .intervals = {.resamples = 0}};
    return evaluate(bank, roles, settings);
  }
  std::string refusal(const std::vector<std::string>& detectors) const {
    return io::error_of([&] { run(detectors); });
  }

  // What an evaluation without a sweep says of these settings, with the validation splits in the place
  // of those that are measured.
  std::map<std::string, double> measured_on_val(const std::vector<std::string>& settings) const {
    EvaluationSettings each{
        .detectors = settings, .executor = executor, .intervals = {.resamples = 0}};
    const Roles swapped{
        .train = roles.train, .val = roles.val, .id = roles.val, .near = roles.ood_val, .far = {}};
    std::map<std::string, double> out;
    for (const ResultRow& row : evaluate(bank, swapped, each).rows) {
      if (row.metric == "auroc" && row.set == mean_of_sets) out[row.detector] = row.value;
    }
    return out;
  }

  void expect_the_best(const SweptDetector& swept) const {
    std::vector<std::string> settings;
    for (const TriedSetting& setting : swept.tried) settings.push_back(setting.detector);
    const auto expected = measured_on_val(settings);
    double best = -1;
    std::string first_best;
    for (const TriedSetting& setting : swept.tried) {
      EXPECT_EQ(setting.auroc, expected.at(setting.detector)) << setting.detector;
      if (setting.auroc > best) best = setting.auroc, first_best = setting.detector;
    }
    EXPECT_EQ(swept.chosen, first_best);
  }

  bank::BankViews bank = bank::BankViews(splits_of(1));
  Roles roles{.train = "in/train",
              .val = "in/val",
              .id = "in/test",
              .near = {"near/test"},
              .far = {"far/test"},
              .ood_val = {"a/val", "b/val"}};
  bool skip = false;
  expr::Executor executor = expr::Executor::cpu;
};

TEST_F(SweepTest, ChoosesTheBestOnValidationRows) {
  for (const expr::Executor& one : {expr::Executor::cpu, expr::Executor::reference}) {
    executor = one;
    const Results results = run({"gen", "max_logit", "react+energy", "knn(k=[1,5,20])"});
    EXPECT_EQ(results.sweep.val, "in/val");
    EXPECT_THAT(results.sweep.ood_val, ElementsAre("a/val", "b/val"));
    ASSERT_THAT(results.sweep.detectors, SizeIs(3));  // max_logit leaves nothing to choose
    EXPECT_THAT(results.sweep.detectors[0].tried, SizeIs(42));
    EXPECT_THAT(results.sweep.detectors[1].tried, SizeIs(4));
    EXPECT_THAT(results.sweep.detectors[2].tried, SizeIs(3));
    EXPECT_EQ(results.sweep.detectors[2].asked, "knn(k=[1,5,20])");
    for (const SweptDetector& swept : results.sweep.detectors) {
      expect_the_best(swept);
      EXPECT_THAT(swept.left_out, IsEmpty());
    }
    EXPECT_THAT(results.detectors,
                ElementsAre(results.sweep.detectors[0].chosen, "max_logit",
                            results.sweep.detectors[1].chosen, results.sweep.detectors[2].chosen));
  }
}

// Of three classes all m >= 3 are equal.
TEST_F(SweepTest, TakesTheFirstOfEqualOnes) {
  const Results results = run({"gen(m=[50,10,100])"});
  ASSERT_THAT(results.sweep.detectors, SizeIs(1));
  const auto& tried = results.sweep.detectors[0].tried;
  ASSERT_THAT(tried, SizeIs(3));
  EXPECT_EQ(tried[0].auroc, tried[1].auroc);
  EXPECT_EQ(tried[0].auroc, tried[2].auroc);
  EXPECT_EQ(results.detectors[0], "gen(m=50)");
}

TEST_F(SweepTest, MeasuresTheChosenAsIfItHadBeenNamed) {
  const Results swept = run({"vra+energy", "relation"});
  const Results named = run(swept.detectors, false);
  ASSERT_EQ(swept.rows.size(), named.rows.size());
  for (std::size_t i = 0; i < named.rows.size(); ++i) {
    EXPECT_EQ(swept.rows[i].detector, named.rows[i].detector);
    EXPECT_EQ(swept.rows[i].value, named.rows[i].value) << named.rows[i].metric;
  }
  EXPECT_THAT(named.sweep.detectors, IsEmpty());
}

TEST_F(SweepTest, LeavesOutAndCountsWhatCannotBeTried) {
  const Results results = run({"vim(dim=[2,8,4])", "energy(T=[1e-40,1])"});
  ASSERT_THAT(results.sweep.detectors, SizeIs(2));
  const SweptDetector& vim = results.sweep.detectors[0];
  EXPECT_THAT(vim.tried, SizeIs(2));
  ASSERT_THAT(vim.left_out, SizeIs(1));
  EXPECT_EQ(vim.left_out[0].detector, "vim(dim=8)");
  EXPECT_THAT(vim.left_out[0].reason, HasSubstr("leaves nothing of 8 feature dimensions"));
  const SweptDetector& energy = results.sweep.detectors[1];
  EXPECT_EQ(energy.chosen, "energy(T=1)");
  ASSERT_THAT(energy.left_out, SizeIs(1));
  EXPECT_THAT(energy.left_out[0].reason, HasSubstr("[energy(T=1e-40)] in/val: the scores of "));
}

TEST_F(SweepTest, StaysAtTheDefaultsWhereNoSettingCanBeTried) {
  const Results results = run({"vim"});  // 256 and 1000 are more than 8
  EXPECT_THAT(results.detectors, ElementsAre("vim"));
  ASSERT_THAT(results.sweep.detectors, SizeIs(1));
  EXPECT_EQ(results.sweep.detectors[0].chosen, "vim");
  EXPECT_THAT(results.sweep.detectors[0].tried, IsEmpty());
  EXPECT_THAT(results.sweep.detectors[0].left_out, SizeIs(2));
  ASSERT_THAT(results.notices, SizeIs(1));
  EXPECT_THAT(results.notices[0], HasSubstr("[vim] stays as it is: none of its 2 settings"));

  EXPECT_THAT(refusal({"vim(dim=[8,9])", "energy"}),
              HasSubstr("[vim(dim=[8,9])] cannot be evaluated: [vim(dim=8)] dim = 8 leaves"));
  skip = true;
  const Results skipped = run({"vim(dim=[8,9])", "energy"});
  EXPECT_THAT(skipped.detectors, ElementsAre("energy"));
  ASSERT_THAT(skipped.skipped, SizeIs(1));
  EXPECT_EQ(skipped.skipped[0].detector, "vim(dim=[8,9])");
}

TEST_F(SweepTest, StaysAtTheDefaultsWhereValidationRowsLackAnArray) {
  std::vector<bank::BankView> views = splits_of(1);
  for (bank::BankView& view : views) {
    if (view.name == "b/val") view.arrays.erase("features");
  }
  bank = bank::BankViews(std::move(views));
  const Results results = run({"knn", "gen"});
  EXPECT_EQ(results.detectors[0], "knn");
  ASSERT_THAT(results.sweep.detectors, SizeIs(2));
  EXPECT_EQ(results.sweep.detectors[0].left_out[0].reason, "b/val has no features");
  EXPECT_THAT(results.sweep.detectors[1].tried, SizeIs(42));
}

TEST_F(SweepTest, NeedsBothKindsOfValidationRows) {
  const auto stays = [&](const char* lacks) {
    const Results results = run({"gen", "react+energy"});
    EXPECT_THAT(results.detectors, ElementsAre("gen", "react+energy"));
    EXPECT_THAT(results.sweep.detectors, IsEmpty());
    ASSERT_THAT(results.notices, SizeIs(1));
    EXPECT_THAT(results.notices[0], HasSubstr(lacks));
    EXPECT_THAT(results.notices[0], HasSubstr("stays at its defaults"));
    EXPECT_THAT(refusal({"gen(m=[1,2])"}), HasSubstr(lacks));
  };
  roles.ood_val.clear();
  stays("no ood_val= is given");
  roles = {.train = "in/train", .id = "in/test", .near = {"near/test"}, .ood_val = {"a/val"}};
  EXPECT_THAT(refusal({"gen(m=[1,2])"}), HasSubstr("no val= is given"));
}

TEST_F(SweepTest, ChoosesOnNothingThatIsMeasured) {
  roles.near = {"a/val"};
  EXPECT_THAT(refusal({"gen"}), HasSubstr("a/val is named as ood_val and as near"));
  roles.near = {"near/test"};
  roles.val = "in/test";
  EXPECT_THAT(refusal({"gen"}), HasSubstr("in/test is named as val and as id"));
  EXPECT_NO_THROW(run({"gen"}, false));
}

TEST_F(SweepTest, HasADetectorOnceThatWasChosenTwice) {
  const Results results = run({"gen(gamma=0.1,m=[10,50])", "gen(gamma=0.1,m=[10,100])"});
  EXPECT_THAT(results.detectors, ElementsAre("gen(gamma=0.1,m=10)"));
  EXPECT_THAT(results.sweep.detectors, SizeIs(2));
}

TEST_F(SweepTest, OfAnEnsembleJudgesTheMeanOfItsScores) {
  bank = bank::side_by_side(
      {{"one", bank::BankViews(splits_of(1))}, {"two", bank::BankViews(splits_of(20))}});
  const Results results = run({"gen", "knn(k=[1,5,20])"});
  ASSERT_THAT(results.sweep.detectors, SizeIs(2));
  for (const SweptDetector& swept : results.sweep.detectors) expect_the_best(swept);
}

TEST_F(SweepTest, IsTheSameAgain) {
  const Results first = run({"gen", "vra+energy"}), again = run({"gen", "vra+energy"});
  ASSERT_EQ(first.sweep.detectors.size(), again.sweep.detectors.size());
  for (std::size_t d = 0; d < first.sweep.detectors.size(); ++d) {
    EXPECT_EQ(first.sweep.detectors[d].chosen, again.sweep.detectors[d].chosen);
    for (std::size_t i = 0; i < first.sweep.detectors[d].tried.size(); ++i) {
      EXPECT_EQ(first.sweep.detectors[d].tried[i].auroc, again.sweep.detectors[d].tried[i].auroc);
    }
  }
}

}  // namespace
}  // namespace nescio::evaluation
