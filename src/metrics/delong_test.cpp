#include "metrics/delong.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"
#include "metrics/curves.h"

namespace nescio::metrics {
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

// The paper's equation (6) and (7) for the contrast (1/2, 1/2) of two areas: S10 and S01 hold the
// covariances of the structural components, and only the shared side has one.
TEST(DeLong, OfAMeanEqualsThePapersContrast) {
  std::mt19937 random(6);
  std::normal_distribution<double> normal;
  Scores id(50), first(30), second(41);
  for (double& s : id) s = std::round(2 * normal(random)) / 2;
  for (double& s : first) s = std::round(2 * normal(random)) / 2 + 1;
  for (double& s : second) s = normal(random) + 0.3;
  const auto psi = [](double ood, double in) { return ood > in ? 1.0 : ood == in ? 0.5 : 0.0; };
  const auto components = [&](const Scores& of, const Scores& against, bool of_is_id) {
    Scores out;
    for (const double a : of) {
      double sum = 0;
      for (const double b : against) sum += of_is_id ? psi(b, a) : psi(a, b);
      out.push_back(sum / static_cast<double>(against.size()));
    }
    return out;
  };
  const auto covariance = [](const Scores& a, const Scores& b) {
    const auto n = static_cast<double>(a.size());
    double mean_a = 0, mean_b = 0, sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      mean_a += a[i] / n;
      mean_b += b[i] / n;
    }
    for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
    return sum / (n - 1) / n;
  };
  const Scores id_1 = components(id, first, true), id_2 = components(id, second, true);
  const Scores ood_1 = components(first, id, false), ood_2 = components(second, id, false);
  const double variance =
      (covariance(id_1, id_1) + 2 * covariance(id_1, id_2) + covariance(id_2, id_2) +
       covariance(ood_1, ood_1) + covariance(ood_2, ood_2)) /
      4;
  const auto ranked = [](const Scores& a, const Scores& b) {
    return rank_rows(Array({a.size()}, a), Array({b.size()}, b));
  };
  const auto half_of = [](const RowRanking& a, const RowRanking& b) {
    const std::vector<RankingTerm> terms = {{&a, {0, 0}, 0.5}, {&b, {0, 1}, 0.5}};
    return delong_interval(std::span<const RankingTerm>(terms), 0.95);
  };
  const RowRanking of_first = ranked(id, first), of_second = ranked(id, second);
  const double mean = (auroc(of_first.ranking) + auroc(of_second.ranking)) / 2;
  const auto bounds = half_of(of_first, of_second);
  ASSERT_TRUE(bounds);
  EXPECT_NEAR(bounds->lower, mean - 1.959963984540054 * std::sqrt(variance), 1e-12);
  EXPECT_NEAR(bounds->upper, mean + 1.959963984540054 * std::sqrt(variance), 1e-12);

  EXPECT_THROW(half_of(of_first, ranked(first, second)), Error);
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
}  // namespace nescio::metrics
