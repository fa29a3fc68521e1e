#include "calibration/threshold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "calibration/test_scores.h"

namespace nescio::calibration {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int draws = 20000;

// Of the draws of n uniform scores, the share whose threshold keeps at least `share` of rows to come: a
// threshold of t keeps t of them.
double how_often_kept(std::size_t n, const Promise& promise) {
  Rng rng(n);
  int kept = 0;
  for (int d = 0; d < draws; ++d) {
    kept += threshold_that_keeps(uniform_scores(n, rng), promise) >= promise.share;
  }
  return static_cast<double>(kept) / draws;
}

double how_often_caught(std::size_t n, const Promise& promise) {
  Rng rng(n);
  int caught = 0;
  for (int d = 0; d < draws; ++d) {
    caught += 1 - threshold_that_catches(uniform_scores(n, rng), promise) >= promise.share;
  }
  return static_cast<double>(caught) / draws;
}

/// Of `draws`, three standard errors.
double give(double share) { return 3 * std::sqrt(share * (1 - share) / draws); }

TEST(Threshold, KeepsItsGuaranteeAndNotMuchMore) {
  for (const auto& [n, share, confidence] :
       {std::tuple<std::size_t, double, double>{59, 0.95, 0.95},
        {100, 0.95, 0.95},
        {500, 0.95, 0.95},
        {44, 0.9, 0.99},
        {90, 0.8, 0.5}}) {
    const Promise promise{.share = share, .guaranteed = true, .confidence = confidence};
    const double found = how_often_kept(n, promise);
    EXPECT_GE(found, confidence - give(confidence)) << n;
    EXPECT_NEAR(how_often_caught(n, promise), found, 2 * give(found) + 1e-3) << n;
    // With one row fewer on its side it would be broken.
    const std::size_t m = rows_needed(n, promise);
    if (m < 2) continue;
    Rng rng(n);
    int kept = 0;
    for (int d = 0; d < draws; ++d) {
      auto scores = uniform_scores(n, rng);
      std::ranges::sort(scores);
      kept += scores[m - 2] >= share;
    }
    EXPECT_LT(static_cast<double>(kept) / draws, confidence + give(confidence)) << n;
  }
}

// Without a guarantee it holds for the rows at hand, and for those to come about every second time.
TEST(Threshold, WithoutAGuaranteeIsTheOneAtHand) {
  const Promise promise{.share = 0.9};
  EXPECT_EQ(rows_needed(10, promise), 9U);
  EXPECT_EQ(rows_needed(11, promise), 10U);
  EXPECT_EQ(rows_needed(1, promise), 1U);
  EXPECT_EQ(threshold_that_keeps(std::vector<float>{5, 1, 2, 3, 4, 9, 8, 7, 6, 10}, promise), 9);
  EXPECT_LT(how_often_kept(100, promise), 0.7);
}

TEST(Threshold, SaysHowManyRowsAGuaranteeTakes) {
  // The largest of n misses the 95 % quantile with probability 0.95^n: 0.95^58 = 5.1 %, 0.95^59 = 4.8 %.
  EXPECT_EQ(fewest_rows({.share = 0.95, .guaranteed = true}), 59U);
  EXPECT_EQ(fewest_rows({.share = 0.5, .guaranteed = true, .confidence = 0.5}), 1U);
  EXPECT_THAT([] { rows_needed(58, {.share = 0.95, .guaranteed = true}); },
              ThrowsMessage<Error>(HasSubstr("by 58 rows; that takes 59")));
  EXPECT_EQ(rows_needed(59, {.share = 0.95, .guaranteed = true}), 59U);
  EXPECT_EQ(rows_needed(93, {.share = 0.95, .guaranteed = true}),
            92U);  // the textbook's sizes: 59,
  EXPECT_EQ(rows_needed(92, {.share = 0.95, .guaranteed = true}), 92U);  // 93, ...
}

// Ties and a single row only make a share larger.
TEST(Threshold, HoldsWithTies) {
  const std::vector<float> ties = {1, 1, 1, 1, 2, 2, 2, 2, 2, 2};
  EXPECT_EQ(threshold_that_keeps(ties, {.share = 0.3}), 1);
  EXPECT_EQ(threshold_that_keeps(ties, {.share = 0.5}), 2);
  const double catches = threshold_that_catches(ties, {.share = 0.5});
  EXPECT_LT(catches, 2);
  EXPECT_GT(catches, 1.9999);
  EXPECT_LT(threshold_that_catches(ties, {.share = 0.7}), 1);
  EXPECT_EQ(threshold_that_keeps(std::vector<float>{7}, {.share = 0.95}), 7);
  Rng rng(1);
  int kept = 0;
  const Promise promise{.share = 0.8, .guaranteed = true};
  for (int d = 0; d < draws; ++d) {  // ten values, each with probability 0.1: t keeps (t + 1) / 10
    std::vector<float> scores(50);
    for (float& score : scores) score = static_cast<float>(rng.below(10));
    kept += (threshold_that_keeps(scores, promise) + 1) / 10 >= promise.share - 1e-9;
  }
  EXPECT_GE(static_cast<double>(kept) / draws, 0.95);
}

TEST(Threshold, RefusesWhatMeansNothing) {
  const std::vector<float> one = {1};
  EXPECT_THROW(threshold_that_keeps(one, {.share = 1}), Error);
  EXPECT_THROW(threshold_that_keeps(one, {.share = 0}), Error);
  EXPECT_THROW(threshold_that_keeps(one, {.confidence = 1}), Error);
  EXPECT_THROW(threshold_that_keeps({}, {}), Error);
  const std::vector<float> broken = {1, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_THAT([&] { threshold_that_catches(broken, {}); },
              ThrowsMessage<Error>(HasSubstr("row 1")));
}

}  // namespace
}  // namespace nescio::calibration
