#include "metrics/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"

namespace nescio::metrics {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Answers, AccuracyIsTheShareOfRightOnes) {
  const Answers answers{.right = {1, 0, 1, 1}, .confidence = {}};
  EXPECT_EQ(accuracy(answers), 0.75);
  const Bounds bounds = accuracy_interval(answers, 0.95);
  EXPECT_LT(bounds.lower, 0.75);
  EXPECT_GT(bounds.upper, 0.75);
  EXPECT_THAT([] { accuracy(Answers{}); },
              ThrowsMessage<Error>(HasSubstr("at least one labelled ID row")));
}

// Equation 3 of the paper with the bins written out: a row belongs to the bin whose lower end is
// below its confidence and whose upper end is not.
double literal_ece(const Answers& answers) {
  double sum = 0;
  for (int bin = 0; bin < 15; ++bin) {
    double rows = 0, right = 0, confidence = 0;
    for (std::size_t r = 0; r < answers.right.size(); ++r) {
      const double c = answers.confidence[r];
      if (c <= bin / 15.0 || c > (bin + 1) / 15.0) continue;
      ++rows;
      right += answers.right[r];
      confidence += c;
    }
    if (rows > 0) {
      sum += rows / static_cast<double>(answers.right.size()) *
             std::abs(right / rows - confidence / rows);
    }
  }
  return sum;
}

TEST(Answers, CalibrationErrorEqualsThePaper) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(0.1F, 1);
  Answers answers;
  for (int r = 0; r < 500; ++r) {
    answers.confidence.push_back(uniform(random));
    answers.right.push_back(uniform(random) < answers.confidence.back());
  }
  EXPECT_NEAR(expected_calibration_error(answers), literal_ece(answers), 1e-12);
  // Right as often as it says, in either of two bins.
  const Answers calibrated{.right = {1, 1, 1, 0, 1, 0}, .confidence = {.75, .75, .75, .75, .5, .5}};
  EXPECT_EQ(expected_calibration_error(calibrated), 0);
  const Answers sure{.right = {1, 1, 0, 0}, .confidence = {1, 1, 1, 1}};
  EXPECT_EQ(expected_calibration_error(sure), 0.5);
}

TEST(Answers, CalibrationErrorNeedsConfidence) {
  EXPECT_THAT(
      [] {
        expected_calibration_error({.right = {1, 0}, .confidence = {}});
      },
      ThrowsMessage<Error>(HasSubstr("the confidence of each of the 2 ID rows")));
}

}  // namespace
}  // namespace nescio::metrics
