#include "calibration/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace nescio::calibration {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

/// 1 .. n.
std::vector<float> up_to(int n) {
  std::vector<float> out;
  for (int i = 1; i <= n; ++i) out.push_back(static_cast<float>(i));
  return out;
}

TEST(Calibration, AnswersForARow) {
  const Calibration made({.promise = {.share = 0.9}}, {up_to(10)}, {{9, 20, 30, 40}});
  EXPECT_EQ(made.threshold().value, 9);
  const Answer ood = made.answer(9.5);
  EXPECT_TRUE(ood.is_ood);
  EXPECT_EQ(ood.threshold, 9);
  EXPECT_DOUBLE_EQ(ood.p_value, 2.0 / 11);
  EXPECT_FALSE(made.answer(9).is_ood);  // not above
  EXPECT_EQ(made.kept().rows.count, 9U);
  EXPECT_EQ(made.kept().rows.rows, 10U);
  EXPECT_LT(made.kept().bounds.lower, 0.9);
  EXPECT_EQ(made.caught()->rows.count, 3U);
}

TEST(Calibration, CatchesWhatIsAskedFor) {
  const Calibration made({.goal = Goal::catches, .promise = {.share = 0.75}}, {up_to(10)},
                         {{9, 20, 30, 40}});
  EXPECT_LT(made.threshold().value, 20);
  EXPECT_GT(made.threshold().value, 19.9);
  EXPECT_EQ(made.caught()->rows.count, 3U);
  EXPECT_EQ(made.kept().rows.count, 10U);
  const Calibration of_value({.goal = Goal::value, .value = 2.5}, {up_to(10)});
  EXPECT_EQ(of_value.kept().rows.count, 2U);
  EXPECT_FALSE(of_value.caught());
}

// Class 0 has scores of 1 .. 100, class 1 of 1001 .. 1100, class 3 a single row.
TEST(Calibration, OfEachClassHasAFallBack) {
  ScoredRows id{.scores = up_to(100)};
  id.predicted.assign(100, 0);
  for (int i = 1; i <= 100; ++i) {
    id.scores.push_back(static_cast<float>(1000 + i));
    id.predicted.push_back(1);
  }
  id.scores.push_back(5000);
  id.predicted.push_back(3);
  const Calibration made({.promise = {.share = 0.9}, .per_class = true, .class_rows = 50}, id);
  EXPECT_EQ(made.answer(500, 0).threshold, 90);
  EXPECT_TRUE(made.answer(500, 0).is_ood);
  EXPECT_FALSE(made.answer(500, 1).is_ood);
  EXPECT_EQ(made.answer(500, 1).threshold, 1090);
  for (const std::uint32_t without : {2U, 3U, 7U}) {
    EXPECT_EQ(made.answer(500, without).threshold, made.threshold().value);
  }
  EXPECT_DOUBLE_EQ(made.answer(500, 0).p_value, 1.0 / 101);
  EXPECT_DOUBLE_EQ(made.answer(500, 2).p_value, 102.0 / 202);
  EXPECT_EQ(made.kept().rows.count, 180U);  // the row of class 3 lies above the threshold of all

  EXPECT_THAT([&] { flagged(made, {.scores = {1}}); },
              ThrowsMessage<Error>(HasSubstr("no logits")));
}

TEST(Calibration, RefusesWhatCannotBe) {
  EXPECT_THROW(Calibration({}, {}), Error);
  EXPECT_THROW(Calibration({.goal = Goal::catches}, {up_to(10)}), Error);
  EXPECT_THROW(Calibration({.per_class = true}, {up_to(10)}), Error);
  EXPECT_THROW(Calibration({.goal = Goal::value, .per_class = true}, {{1}, {0}}), Error);
  EXPECT_THAT([] { Calibration({.promise = {.guaranteed = true}}, {up_to(10)}); },
              ThrowsMessage<Error>(HasSubstr("that takes 59")));
  // No row is above NaN, and JSON has neither.
  for (const double value : {std::nan(""), HUGE_VAL}) {
    EXPECT_THAT([&] { Calibration({.goal = Goal::value, .value = value}, {up_to(10)}); },
                ThrowsMessage<Error>(HasSubstr("expected a finite threshold")));
  }
}

}  // namespace
}  // namespace nescio::calibration
