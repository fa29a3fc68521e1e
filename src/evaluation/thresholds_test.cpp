#include "evaluation/thresholds.h"

#include <gtest/gtest.h>

namespace nescio::evaluation {
namespace {

TEST(Thresholds, AreThoseOfTheValidationRows) {
  std::vector<float> validation;
  for (int i = 1; i <= 20; ++i) validation.push_back(static_cast<float>(i));
  const Array val({20}, validation);
  // 19 of 20 are kept: those up to 19.
  const FlaggedRows some = flagged_rows(val, Array({4}, std::vector<double>{18.5, 19, 19.5, 400}));
  EXPECT_EQ(some.threshold, 19);
  EXPECT_EQ(some.flagged.count, 2U);
  EXPECT_EQ(some.flagged.rows, 4U);
  EXPECT_LT(some.bounds.lower, 0.5);
  EXPECT_GT(some.bounds.upper, 0.5);
  EXPECT_EQ(flagged_rows(val, val).flagged.count, 1U);
}

}  // namespace
}  // namespace nescio::evaluation
