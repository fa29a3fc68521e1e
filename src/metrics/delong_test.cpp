#include "metrics/delong.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"
#include "metrics/curves.h"

namespace nescio {
namespace {

using Scores = std::vector<double>;

// DeLong et al. 1988, equations (1) to (5), for one area: psi over all pairs, then the variances of
// the structural components V10 and V01.
double literal_variance(const Scores& x, const Scores& y) {
  const auto m = static_cast<double>(x.size());
  const auto n = static_cast<double>(y.size());
  const auto psi = [](double a, double b) { return b < a ? 1.0 : b == a ? 0.5 : 0.0; };
  double theta = 0;
  for (const double a : x) {
    for (const double b : y) theta += psi(a, b) / (m * n);
  }
  double s10 = 0;
  for (const double a : x) {
    double v10 = 0;
    for (const double b : y) v10 += psi(a, b) / n;
    s10 += (v10 - theta) * (v10 - theta) / (m - 1);
  }
  double s01 = 0;
  for (const double b : y) {
    double v01 = 0;
    for (const double a : x) v01 += psi(a, b) / m;
    s01 += (v01 - theta) * (v01 - theta) / (n - 1);
  }
  return s10 / m + s01 / n;
}

TEST(DeLong, EqualsThePaperOverAllPairs) {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  for (const bool ties : {false, true}) {
    Scores id(60);
    Scores ood(35);
    for (double& s : id) s = ties ? std::round(normal(random)) : normal(random);
    for (double& s : ood) s = ties ? std::round(normal(random) + 1) : normal(random) + 1;
    const Ranking ranking = rank(id, ood);
    const double half = 1.959963984540054 * std::sqrt(literal_variance(ood, id));
    const auto bounds = delong_interval(ranking, 0.95);
    ASSERT_TRUE(bounds);
    EXPECT_NEAR(bounds->lower, auroc(ranking) - half, 1e-12);
    EXPECT_NEAR(bounds->upper, auroc(ranking) + half, 1e-12);
  }
}

TEST(DeLong, StaysInsideZeroAndOne) {
  const auto bounds = delong_interval(rank(Scores{1, 2, 3, 4, 9}, Scores{5, 8, 9, 10}), 0.999);
  ASSERT_TRUE(bounds);
  EXPECT_EQ(bounds->upper, 1);
  EXPECT_GE(bounds->lower, 0);
}

TEST(DeLong, HasNoIntervalForOneRow) {
  EXPECT_FALSE(delong_interval(rank(Scores{1}, Scores{2, 3}), 0.95));
  EXPECT_FALSE(delong_interval(rank(Scores{1, 2}, Scores{3}), 0.95));
}

TEST(DeLong, CoversTheTrueAreaAsOftenAsItSays) {
  std::mt19937 random(11);
  std::normal_distribution<double> normal;
  const double truth = 0.5 * std::erfc(-std::sqrt(0.5));  // unit normals, sqrt(2) apart
  int covered = 0;
  for (int repeat = 0; repeat < 1000; ++repeat) {
    Scores id(80);
    Scores ood(80);
    for (double& s : id) s = normal(random);
    for (double& s : ood) s = normal(random) + std::sqrt(2.0);
    const auto bounds = delong_interval(rank(id, ood), 0.9);
    covered += bounds->lower <= truth && truth <= bounds->upper;
  }
  EXPECT_NEAR(covered, 900, 30);
}

TEST(DeLong, RefusesAConfidenceOutOfRange) {
  EXPECT_THROW(delong_interval(rank(Scores{1}, Scores{2}), 95), Error);
}

}  // namespace
}  // namespace nescio
