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

// Equation 4 of Kull et al. with the bins written out; a probability of 0 is in the first.
double literal_classwise_ece(const std::vector<std::vector<float>>& p,
                             const std::vector<std::int64_t>& labels) {
  const std::size_t classes = p[0].size();
  double sum = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    for (int bin = 0; bin < 15; ++bin) {
      double rows = 0, of_class = 0, probability = 0;
      for (std::size_t r = 0; r < p.size(); ++r) {
        const double x = p[r][c];
        if ((x <= bin / 15.0 && !(x == 0 && bin == 0)) || x > (bin + 1) / 15.0) continue;
        ++rows;
        of_class += labels[r] == static_cast<std::int64_t>(c);
        probability += x;
      }
      if (rows > 0) {
        sum +=
            rows / static_cast<double>(p.size()) * std::abs(of_class / rows - probability / rows);
      }
    }
  }
  return sum / static_cast<double>(classes);
}

TEST(Answers, ClasswiseCalibrationErrorEqualsThePaper) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (const std::size_t classes : {1U, 2U, 7U, 40U}) {
    std::vector<std::vector<float>> p(90, std::vector<float>(classes));
    std::vector<float> values;
    Answers answers;
    std::vector<std::int64_t> labels;
    for (std::size_t r = 0; r < p.size(); ++r) {
      float sum = 0;
      for (float& x : p[r]) sum += x = std::exp(2 * normal(random));
      for (float& x : p[r]) x /= sum;
      if (r == 0) p[r].assign(classes, 0), p[r][0] = 1;
      values.insert(values.end(), p[r].begin(), p[r].end());
      labels.push_back(static_cast<std::int64_t>(random() % classes));
      answers.places.push_back(static_cast<std::uint32_t>(r));
    }
    answers.probabilities = Array({p.size(), classes}, values);
    answers.labels = Array({p.size()}, labels);
    EXPECT_NEAR(classwise_calibration_error(answers), literal_classwise_ece(p, labels), 1e-12)
        << classes;
    // Rows that were drawn: the same as if they alone were there, as often as they were drawn.
    answers.places = {3, 3, 80, 7};
    EXPECT_NEAR(classwise_calibration_error(answers),
                literal_classwise_ece({p[3], p[3], p[80], p[7]},
                                      {labels[3], labels[3], labels[80], labels[7]}),
                1e-12);
  }
  EXPECT_THAT([] { classwise_calibration_error({.right = {1}, .confidence = {1}}); },
              ThrowsMessage<Error>(HasSubstr("the probability of every class")));
}

TEST(Answers, LikelihoodEqualsItsDefinition) {
  Answers answers{.right = {}, .confidence = {}};
  // Of the last label no float says how probable it is.
  answers.log_likelihood = {std::log(0.75F), 0, -400};
  EXPECT_NEAR(negative_log_likelihood(answers), (400 - std::log(0.75)) / 3, 1e-7);
  EXPECT_THAT([] { negative_log_likelihood({.right = {1}, .confidence = {1}}); },
              ThrowsMessage<Error>(HasSubstr("nll: expected the probability of the label")));
}

// Geifman et al.: the risk of selecting all rows that are as sure as this one, row by row.
TEST(Answers, RiskCoverageAreaEqualsThePaper) {
  std::mt19937 random(3);
  for (const float levels : {3.0F, 1e6F}) {  // with ties and without
    Answers answers;
    for (int r = 0; r < 200; ++r) {
      answers.confidence.push_back(
          std::floor(static_cast<float>(random() % 1000000) / 1e6F * levels));
      answers.right.push_back(random() % 4 != 0);
    }
    double sum = 0;
    for (const float threshold : answers.confidence) {
      double selected = 0, wrong = 0;
      for (std::size_t r = 0; r < answers.right.size(); ++r) {
        if (answers.confidence[r] < threshold) continue;
        ++selected;
        wrong += 1 - answers.right[r];
      }
      sum += wrong / selected / 200;
    }
    EXPECT_NEAR(risk_coverage_area(answers), sum, 1e-12);
  }
  // The only mistake is the least sure of four, or the surest: 1/4 of 1/4, or 1 + 1/2 + 1/3 + 1/4 of it.
  EXPECT_DOUBLE_EQ(risk_coverage_area({.right = {1, 1, 0, 1}, .confidence = {.9F, .8F, .2F, .7F}}),
                   0.25 / 4);
  EXPECT_DOUBLE_EQ(risk_coverage_area({.right = {0, 1, 1, 1}, .confidence = {.9F, .8F, .2F, .7F}}),
                   (1 + 0.5 + 1.0 / 3 + 0.25) / 4);
  EXPECT_THAT([] { risk_coverage_area({.right = {1}, .confidence = {}}); },
              ThrowsMessage<Error>(HasSubstr("id_aurc: expected the confidence")));
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
