#include "bank/answers.h"

#include <gmock/gmock.h>

#include <cmath>

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

TEST_F(AnswersTest, HaveFactsThatFollowFromTheirProbabilities) {
  const Answers found = answers({{"logits(view=0)", logits_, flips_}});
  const std::vector<std::int64_t> labels = {2, 3};
  const AnswerFacts facts = facts_of(found, labels);
  double label = 0;
  const std::vector<std::vector<double>> z = {{1, 2, 3, 0}, {4, 0, 0, 1}};
  for (std::size_t r = 0; r < 2; ++r) {
    double sum = 0;
    for (const double v : z[r]) sum += std::exp(v);
    label += std::exp(z[r][static_cast<std::size_t>(labels[r])]) / sum / 2;
  }
  EXPECT_DOUBLE_EQ(facts.accuracy, 0.5);
  EXPECT_NEAR(facts.mean_label_p, label, 1e-12);
}

}  // namespace
}  // namespace nescio::bank
