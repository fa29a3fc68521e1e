#include "metrics/proportion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/error.h"

namespace nescio {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Proportion, NormalQuantiles) {
  EXPECT_NEAR(normal_z(0.95), 1.959963984540054, 1e-13);
  EXPECT_NEAR(normal_z(0.5), 0.6744897501960817, 1e-13);
  EXPECT_NEAR(normal_z(0.999), 3.290526731491926, 1e-12);
  for (const double confidence : {0.0, 1.0, -1.0, 95.0, std::nan("")}) {
    EXPECT_THAT([&] { normal_z(confidence); },
                ThrowsMessage<Error>(HasSubstr("confidence: expected a number between 0 and 1")));
  }
}

// Wilson 1927: the ends are the shares p at which the found share lies z standard errors away.
TEST(Proportion, WilsonEndsSolveTheirEquation) {
  for (const Predictions p : {Predictions{9173, 10000}, Predictions{3, 7}, Predictions{1, 20}}) {
    const auto [lower, upper] = wilson_interval(p, 0.95);
    for (const double end : {lower, upper}) {
      const double error = std::sqrt(end * (1 - end) / static_cast<double>(p.rows));
      EXPECT_NEAR(std::abs(accuracy(p) - end), 1.959963984540054 * error, 1e-12);
    }
    EXPECT_LT(lower, accuracy(p));
    EXPECT_GT(upper, accuracy(p));
  }
}

TEST(Proportion, WilsonAtTheEdges) {
  const auto none = wilson_interval({0, 10}, 0.95);
  EXPECT_EQ(none.lower, 0);
  EXPECT_NEAR(none.upper, 0.2775327998628892, 1e-12);
  const auto all = wilson_interval({10, 10}, 0.95);
  EXPECT_NEAR(all.lower, 1 - 0.2775327998628892, 1e-12);
  EXPECT_NEAR(all.upper, 1, 1e-15);
  EXPECT_LE(all.upper, 1);
}

TEST(Proportion, CountsRightPredictions) {
  const std::vector<std::int64_t> predicted = {0, 1, 2, 2};
  const Predictions result = compare(predicted, std::vector<std::int64_t>{0, 2, 2, 2});
  EXPECT_EQ(result.correct, 3u);
  EXPECT_EQ(result.rows, 4u);
  EXPECT_EQ(accuracy(result), 0.75);
}

TEST(Proportion, RefusesWhatHasNoAccuracy) {
  using Labels = std::vector<std::int64_t>;
  EXPECT_THAT(
      [] {
        compare(Labels{1}, Labels{1, 2});
      },
      ThrowsMessage<Error>(HasSubstr("one label for each of the 1 predictions, found 2")));
  EXPECT_THAT([] { compare(Labels{}, Labels{}); }, ThrowsMessage<Error>(HasSubstr("found none")));
  EXPECT_THAT(
      [] {
        compare(Labels{0, 0}, Labels{0, -1});
      },
      ThrowsMessage<Error>(HasSubstr("found -1 at position 1")));
  EXPECT_THROW(accuracy({0, 0}), Error);
  EXPECT_THROW(accuracy({2, 1}), Error);
}

// Quantiles of scipy.stats.t (1.17): ppf((1 + confidence) / 2, freedom).
TEST(StudentT, EqualsTables) {
  EXPECT_NEAR(student_t(0.95, 1), 12.706204736174694, 1e-11);
  EXPECT_NEAR(student_t(0.95, 2), 4.302652729749462, 1e-12);
  EXPECT_NEAR(student_t(0.95, 3), 3.1824463052837078, 1e-12);
  EXPECT_NEAR(student_t(0.99, 4), 4.604094871349992, 1e-12);
  EXPECT_NEAR(student_t(0.8, 9), 1.3830287383966329, 1e-12);
  EXPECT_NEAR(student_t(0.95, 30), 2.0422724563012378, 1e-12);
  EXPECT_NEAR(student_t(0.95, 100000), normal_z(0.95), 1e-4);
  EXPECT_THROW(student_t(0.95, 0), Error);
  EXPECT_THROW(student_t(1, 2), Error);
}

}  // namespace
}  // namespace nescio
