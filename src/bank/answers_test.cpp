#include "bank/answers.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/half.h"
#include "io/test_folder.h"

namespace nescio::bank {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AnswersTest : public testing::Test {
 protected:
  struct Named {
    std::string name;
    Array array;
    AnswersMade made;
  };
  Answers answers(const std::vector<Named>& arrays) {
    FeatureBank bank = FeatureBank::open_or_create(folder_ / std::to_string(banks_++));
    std::vector<ArrayPlan> plans;
    for (const Named& n : arrays) {
      plans.push_back({n.name,
                       n.array.dtype(),
                       Shape(n.array.shape().begin() + 1, n.array.shape().end()),
                       {{"answers", to_json(n.made)}}});
    }
    SplitWriter writer(bank, "t/train", arrays[0].array.rows(), plans, {});
    for (const Named& n : arrays) writer.write(n.name, n.array);
    writer.commit(arrays[0].array.rows());
    writer.finish();
    return {bank, "t/train"};
  }

  int banks_ = 0;
  io::TestFolder folder_;
  const AnswersMade flips_{.augment = "flip", .seed = 3, .classes = 4};
  const Array logits_{{2, 4}, std::vector<float>{1, 2, 3, 0, 4, 0, 0, 1}};
};

TEST_F(AnswersTest, OfEachViewAreReadInEitherWidth) {
  const Answers found = answers(
      {{"logits(view=0)", logits_, flips_}, {"logits(view=1)", to_float16(logits_), flips_}});
  EXPECT_EQ(found.views(), 2u);
  EXPECT_TRUE(found.whole());
  for (const std::size_t view : {0u, 1u}) {
    std::vector<float> row(4);
    found.values(1, view, row);
    EXPECT_THAT(row, ElementsAre(4, 0, 0, 1));
  }
}

TEST_F(AnswersTest, ThatDoNotGoTogetherAreRefused) {
  AnswersMade others = flips_;
  others.seed = 4;
  const auto fault = io::error_of([&] {
    answers({{"logits(view=0)", logits_, flips_}, {"logits(view=1)", logits_, others}});
  });
  EXPECT_THAT(fault, HasSubstr("logits(view=1) was made otherwise than logits(view=0)"));
}

TEST_F(AnswersTest, OfTheMostProbableClassesNameClassesThatThereAre) {
  AnswersMade top = flips_;
  top.top = 2;
  const Array log_p({1, 2}, std::vector<float>{std::log(0.6f), std::log(0.3f)});
  const Array tail({1}, std::vector<float>{std::log(0.1f)});
  const auto with = [&](std::int32_t second) {
    return answers(
        {{"top_classes(view=0)", Array({1, 2}, std::vector<std::int32_t>{2, second}), top},
         {"top_log_p(view=0)", log_p, top},
         {"tail_log_p(view=0)", tail, top}});
  };
  const Answers found = with(1);
  EXPECT_EQ(found.classes(), 4u);
  EXPECT_EQ(found.kept(), 2u);
  std::vector<std::int64_t> classes(2);
  found.top_classes(0, 0, classes);
  EXPECT_THAT(classes, ElementsAre(2, 1));
  // At T = 2: square roots, the two other classes with 0.05 each.
  std::vector<float> values(2);
  found.values(0, 0, values);
  std::vector<double> p(2);
  const double rest = probabilities(found, values, found.tail(0, 0), 2, p);
  const double sum = std::sqrt(0.6) + std::sqrt(0.3) + 2 * std::sqrt(0.05);
  EXPECT_NEAR(p[0], std::sqrt(0.6) / sum, 1e-6);
  EXPECT_NEAR(p[1], std::sqrt(0.3) / sum, 1e-6);
  EXPECT_NEAR(rest, 2 * std::sqrt(0.05) / sum, 1e-6);
  const Answers damaged = with(4);
  EXPECT_THAT(io::error_of([&] { damaged.top_classes(0, 0, classes); }),
              HasSubstr("row 0 names the class 4, expected 0 .. 3"));
}

// The definitions, row by row, of answers spelled out to all classes.
struct Oracle {
  double right = 0, label_p = 0, mass = 0, lambda = 0, entropy = 0;
  std::vector<std::size_t> bins = std::vector<std::size_t>(entropy_bins);
  std::size_t answers = 0;

  // `kept` classes come first in `order`.
  void add(const std::vector<double>& p, const std::vector<std::size_t>& kept, std::size_t label,
           double label_probability) {
    double m = 0, h = 0;
    std::size_t best = kept[0];
    for (const std::size_t c : kept) {
      m += p[c];
      if (p[c] > p[best]) best = c;
    }
    for (const double value : p) h += value > 0 ? -value * std::log(value) : 0;
    right += best == label;
    label_p += label_probability;
    mass += m;
    lambda += 1 / (1 + m);
    entropy += h;
    const double part = h / std::log(static_cast<double>(p.size()));
    ++bins[std::min<std::size_t>(entropy_bins - 1, static_cast<std::size_t>(10 * part))];
    ++answers;
  }

  void expect_equal(const AnswerFacts& facts, double tolerance) const {
    const auto n = static_cast<double>(answers);
    EXPECT_NEAR(facts.accuracy, right / n, tolerance);
    EXPECT_NEAR(facts.mean_label_p, label_p / n, tolerance);
    EXPECT_NEAR(facts.mean_mass, mass / n, tolerance);
    EXPECT_NEAR(facts.mean_lambda, lambda / n, tolerance);
    EXPECT_NEAR(facts.mean_entropy, entropy / n, tolerance);
    EXPECT_TRUE(std::ranges::equal(facts.entropies, bins));
  }
};

std::vector<double> softmax(const std::vector<double>& z, double temperature) {
  double sum = 0;
  std::vector<double> p;
  for (const double v : z) sum += std::exp(v / temperature);
  for (const double v : z) p.push_back(std::exp(v / temperature) / sum);
  return p;
}

TEST_F(AnswersTest, HaveFactsThatFollowFromTheirProbabilities) {
  // The last answer is even (the largest entropy), and of its equals the first class counts.
  const Array second({2, 4}, std::vector<float>{30, 0, 0, -30, 0, 0, 0, 0});
  const Answers found =
      answers({{"logits(view=0)", logits_, flips_}, {"logits(view=1)", second, flips_}});
  const std::vector<std::vector<double>> z = {
      {1, 2, 3, 0}, {4, 0, 0, 1}, {30, 0, 0, -30}, {0, 0, 0, 0}};
  const std::vector<std::int64_t> labels = {2, 0};
  for (const double temperature : {1.0, 2.0}) {
    Oracle oracle;
    for (std::size_t i = 0; i < z.size(); ++i) {
      const auto p = softmax(z[i], temperature);
      const auto label = static_cast<std::size_t>(labels[i % 2]);
      oracle.add(p, {0, 1, 2, 3}, label, p[label]);
    }
    const AnswerFacts facts = facts_of(found, labels, temperature);
    EXPECT_EQ(facts.labelled, 2u);
    EXPECT_EQ(facts.mean_mass, 1);
    EXPECT_EQ(facts.mean_lambda, 0.5);
    EXPECT_GE(facts.entropies.back(), 1u);
    oracle.expect_equal(facts, 1e-12);
  }
}

TEST_F(AnswersTest, ThatAreCutOffHaveFactsOfWhatIsKeptAndAnEvenRest) {
  AnswersMade top = flips_;
  top.classes = 5;
  top.top = 2;
  // The label of the first row is kept, that of the second not: 0.04 of the 0.3 that are left.
  const std::vector<std::int32_t> classes = {3, 0, 1, 2};
  const std::vector<double> p = {0.8, 0.15, 0.4, 0.3}, rest = {0.05, 0.3};
  const std::vector<float> label_log_p = {std::log(0.15f), std::log(0.04f)};
  const auto logs = [](const std::vector<double>& of) {
    std::vector<float> out;
    for (const double v : of) out.push_back(static_cast<float>(std::log(v)));
    return out;
  };
  const std::vector<Named> kept = {{"top_classes(view=0)", Array({2, 2}, classes), top},
                                   {"top_log_p(view=0)", Array({2, 2}, logs(p)), top},
                                   {"tail_log_p(view=0)", Array({2}, logs(rest)), top}};
  std::vector<Named> with_label = kept;
  with_label.push_back({"label_log_p(view=0)", Array({2}, label_log_p), top});
  const std::vector<std::int64_t> labels = {0, 4};
  for (const double temperature : {1.0, 2.0}) {
    Oracle known, unknown;
    for (std::size_t r = 0; r < 2; ++r) {
      std::vector<double> full(5, rest[r] / 3);
      std::vector<std::size_t> of;
      for (std::size_t j = 0; j < 2; ++j) {
        of.push_back(static_cast<std::size_t>(classes[2 * r + j]));
        full[of[j]] = p[2 * r + j];
      }
      double sum = 0;
      for (double& v : full) sum += v = std::pow(v, 1 / temperature);
      for (double& v : full) v /= sum;
      const auto label = static_cast<std::size_t>(labels[r]);
      unknown.add(full, of, label, full[label]);
      known.add(full, of, label, r == 0 ? full[label] : std::pow(0.04, 1 / temperature) / sum);
    }
    known.expect_equal(facts_of(answers(with_label), labels, temperature), 1e-6);
    unknown.expect_equal(facts_of(answers(kept), labels, temperature), 1e-6);
  }
}

TEST_F(AnswersTest, WithoutLabelsHaveFactsOfTheNetworkAlone) {
  const Answers found = answers({{"logits(view=0)", logits_, flips_}});
  const AnswerFacts both = facts_of(found, std::vector<std::int64_t>{2, 0});
  const AnswerFacts one = facts_of(found, std::vector<std::int64_t>{2, -1});
  const AnswerFacts none = facts_of(found, std::vector<std::int64_t>{-1, -1});
  EXPECT_EQ(one.labelled, 1u);
  EXPECT_NEAR(one.mean_label_p, softmax({1, 2, 3, 0}, 1)[2], 1e-12);
  EXPECT_EQ(none.labelled, 0u);
  EXPECT_TRUE(std::isnan(none.accuracy));
  EXPECT_TRUE(std::isnan(none.mean_label_p));
  EXPECT_EQ(none.mean_entropy, both.mean_entropy);
  EXPECT_EQ(none.entropies, both.entropies);
}

TEST_F(AnswersTest, OfASingleClassLeaveNothingOpen) {
  AnswersMade one = flips_;
  one.classes = 1;
  const Answers found =
      answers({{"logits(view=0)", Array({2, 1}, std::vector<float>{3, -3}), one}});
  const AnswerFacts facts = facts_of(found, std::vector<std::int64_t>{0, 0});
  EXPECT_EQ(facts.accuracy, 1);
  EXPECT_EQ(facts.mean_entropy, 0);
  EXPECT_EQ(facts.entropies[0], 2u);
}

TEST_F(AnswersTest, WithoutANumberOrALabelOfTheirsAreRefused) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  // Float16 comes into a bank as it is.
  for (const std::vector<float>& row : {std::vector<float>{nan, 0, 0, 0},
                                        {0, nan, 0, 0},
                                        {infinity, 0, 0, 0},
                                        std::vector<float>(4, -infinity)}) {
    const Answers found = answers({{"logits(view=0)", to_float16(Array({1, 4}, row)), flips_}});
    EXPECT_THAT(io::error_of([&] { facts_of(found, std::vector<std::int64_t>{0}); }),
                HasSubstr("row 0 of view 0"));
  }
  const Answers cut =
      answers({{"logits(view=0)", to_float16(Array({1, 4}, std::vector<float>{0, -infinity, 0, 0})),
                flips_}});
  EXPECT_NEAR(facts_of(cut, std::vector<std::int64_t>{0}).mean_entropy, std::log(3), 1e-12);
  EXPECT_THAT(io::error_of([&] { facts_of(cut, std::vector<std::int64_t>{4}); }),
              HasSubstr("row 0 has the label 4, expected 0 .. 3"));
  EXPECT_THAT(io::error_of([&] {
                facts_of(cut, std::vector<std::int64_t>{0, 1});
              }),
              HasSubstr("expected a label for each of 1 rows of answers, found 2"));
}

}  // namespace
}  // namespace nescio::bank
