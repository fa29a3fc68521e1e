#include "metrics/curves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "base/error.h"

namespace nescio::metrics {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
using Scores = std::vector<double>;

// The definitions, literally: for each threshold in turn, count the rows it accepts.
struct Point {
  double recall, precision, fpr;
};
std::vector<Point> literal_curve(const Scores& id, const Scores& ood, Positive positive) {
  const double sign = positive == Positive::ood ? 1 : -1;
  const Scores& positives = positive == Positive::ood ? ood : id;
  const Scores& negatives = positive == Positive::ood ? id : ood;
  std::set<double, std::greater<>> thresholds;
  for (const double s : id) thresholds.insert(sign * s);
  for (const double s : ood) thresholds.insert(sign * s);
  std::vector<Point> curve;
  for (const double t : thresholds) {
    double tp = 0;
    double fp = 0;
    for (const double s : positives) tp += sign * s >= t;
    for (const double s : negatives) fp += sign * s >= t;
    curve.push_back({tp / static_cast<double>(positives.size()), tp / (tp + fp),
                     fp / static_cast<double>(negatives.size())});
  }
  return curve;
}

double literal_auroc(const Scores& id, const Scores& ood) {
  double won = 0;
  for (const double i : id) {
    for (const double o : ood) won += o > i ? 1 : o == i ? 0.5 : 0;
  }
  return won / static_cast<double>(id.size() * ood.size());
}

Scores draw(std::size_t count, double mean, int seed, bool ties) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::normal_distribution<double> of(mean, 2);
  Scores scores(count);
  for (double& s : scores) s = ties ? std::round(of(random)) : of(random);
  return scores;
}

TEST(Curves, EqualTheirDefinitions) {
  for (int seed = 0; seed < 20; ++seed) {
    // The last ones have more thresholds than are added up together.
    const std::size_t rows = seed < 18 ? 1 + 13 * static_cast<std::size_t>(seed) : 1100;
    const auto id = draw(rows, 0, seed, seed % 2);
    const auto ood = draw(40, seed % 3 - 1, 100 + seed, seed % 2);
    const Ranking ranking = rank(id, ood);
    EXPECT_NEAR(auroc(ranking), literal_auroc(id, ood), 1e-12);
    for (const Positive positive : {Positive::id, Positive::ood}) {
      const auto curve = literal_curve(id, ood, positive);
      double steps = 0;
      double trapezoids = 0;
      Point last{0, 1, 0};
      for (const Point& p : curve) {
        steps += (p.recall - last.recall) * p.precision;
        trapezoids += (p.recall - last.recall) * (p.precision + last.precision) / 2;
        last = p;
      }
      EXPECT_NEAR(average_precision(ranking, positive), steps, 1e-12);
      EXPECT_NEAR(aupr_trapezoid(ranking, positive), trapezoids, 1e-12);
      for (const double tpr : {1e-9, 0.5, 0.8, 0.95, 1.0}) {
        const auto first = std::find_if(curve.begin(), curve.end(),
                                        [&](const Point& p) { return p.recall >= tpr; });
        EXPECT_EQ(fpr_at_tpr(ranking, tpr, positive), first->fpr);
      }
    }
  }
}

struct Answered {
  RowRanking rows;
  Scores id, ood;
  std::vector<std::uint8_t> right;
};
Answered answered(int seed, bool ties) {
  Answered out{{}, draw(90, 0, seed, ties), draw(60, 1, 50 + seed, ties), {}};
  std::mt19937 random(static_cast<unsigned>(seed));
  for (std::size_t r = 0; r < out.id.size(); ++r) out.right.push_back(random() % 4 != 0);
  const auto array = [](const Scores& scores) { return Array({scores.size()}, scores); };
  out.rows = rank_rows(array(out.id), array(out.ood), out.right);
  return out;
}

// Dhamija et al.: CCR(t) and FPR(t) at every threshold, and the trapezoids between them.
TEST(Curves, OfRightAnswersEqualTheirDefinitions) {
  for (int seed = 0; seed < 10; ++seed) {
    const auto [rows, id, ood, right] = answered(seed, seed % 2);
    std::set<double> thresholds(id.begin(), id.end());
    thresholds.insert(ood.begin(), ood.end());
    double area = 0, last_ccr = 0, last_fpr = 0, best_10 = 0, best_1 = 0;
    for (const double t : thresholds) {
      double ccr = 0, fpr = 0;
      for (std::size_t r = 0; r < id.size(); ++r) ccr += id[r] <= t && right[r];
      for (const double s : ood) fpr += s <= t;
      ccr /= static_cast<double>(id.size());
      fpr /= static_cast<double>(ood.size());
      area += (fpr - last_fpr) * (ccr + last_ccr) / 2;
      if (fpr < 0.1) best_10 = ccr;
      if (fpr < 0.01) best_1 = ccr;
      last_ccr = ccr;
      last_fpr = fpr;
    }
    EXPECT_NEAR(oscr(rows.ranking), area, 1e-12);
    EXPECT_EQ(ccr_at_fpr(rows.ranking, 0.1), best_10);
    EXPECT_EQ(ccr_at_fpr(rows.ranking, 0.01), best_1);
  }
  EXPECT_THAT([] { oscr(rank(Scores{1}, Scores{2})); },
              ThrowsMessage<Error>(HasSubstr("labels and logits of the ID set")));
}

// McClish: the ROC curve point by point, the last segment cut where the share is reached.
TEST(Curves, PartialAreaEqualsItsDefinition) {
  for (int seed = 0; seed < 10; ++seed) {
    const auto id = draw(70, 0, seed, seed % 2), ood = draw(50, 1, 30 + seed, seed % 2);
    for (const Positive positive : {Positive::id, Positive::ood}) {
      for (const double limit : {0.01, 0.1, 0.5, 1.0}) {
        double area = 0;
        Point last{0, 1, 0};
        for (const Point& p : literal_curve(id, ood, positive)) {
          const double end = std::min(p.fpr, limit);
          if (p.fpr > last.fpr && end > last.fpr) {
            const double slope = (p.recall - last.recall) / (p.fpr - last.fpr);
            area += (end - last.fpr) * (last.recall + slope * (end - last.fpr) / 2);
          }
          last = p;
        }
        const double least = limit * limit / 2;
        EXPECT_NEAR(partial_auroc(rank(id, ood), limit, positive),
                    0.5 * (1 + (area - least) / (limit - least)), 1e-12);
      }
    }
  }
}

// roc_auc_score(max_fpr=) of scikit-learn 1.9.1 on these scores.
TEST(Curves, PartialAreaEqualsScikitLearn) {
  const Ranking ranking =
      rank(Scores{0.1, 0.4, 0.35, 0.8, 0.2, 0.5, 0.5, 0.05}, Scores{0.9, 0.4, 0.7, 0.5, 0.85, 0.3});
  EXPECT_NEAR(partial_auroc(ranking, 0.1, Positive::ood), 0.6491228070175439, 1e-15);
  EXPECT_NEAR(partial_auroc(ranking, 0.2, Positive::ood), 0.6695601851851852, 1e-15);
  EXPECT_NEAR(partial_auroc(ranking, 0.5, Positive::ood), 0.7083333333333334, 1e-15);
  EXPECT_NEAR(partial_auroc(ranking, 0.1, Positive::id), 0.6710526315789473, 1e-15);
  EXPECT_NEAR(partial_auroc(ranking, 0.25, Positive::id), 0.6726190476190477, 1e-15);
  EXPECT_NEAR(partial_auroc(ranking, 1, Positive::id), 0.7604166666666667, 1e-15);
  EXPECT_EQ(partial_auroc(rank(Scores{1, 2}, Scores{3}), 0.1, Positive::ood), 1);
  EXPECT_NEAR(partial_auroc(rank(Scores{7, 7}, Scores{7}), 0.1, Positive::id), 0.5, 1e-15);
  EXPECT_THAT([&] { partial_auroc(ranking, 0, Positive::id); },
              ThrowsMessage<Error>(HasSubstr("fpr: expected > 0 and <= 1")));
}

// The risk at the threshold of each row in turn: of those that score no higher, the share that is OOD or
// classified wrong.
TEST(Curves, AreaUnderTheRiskCoverageCurveEqualsItsDefinition) {
  for (int seed = 0; seed < 10; ++seed) {
    const auto [rows, id, ood, right] = answered(seed, seed % 2);
    Scores all = id;
    all.insert(all.end(), ood.begin(), ood.end());
    double sum = 0;
    for (const double t : all) {
      double accepted = 0, failed = 0;
      for (std::size_t r = 0; r < all.size(); ++r) {
        if (all[r] > t) continue;
        accepted += 1;
        failed += r >= id.size() || !right[r];
      }
      sum += failed / accepted;
    }
    EXPECT_NEAR(aurc(rows.ranking), sum / static_cast<double>(all.size()), 1e-12);
  }
  EXPECT_THAT([] { aurc(rank(Scores{1}, Scores{2})); },
              ThrowsMessage<Error>(HasSubstr("labels and logits of the ID set")));
}

// The integral over thresholds, by small steps.
TEST(Curves, AreaUnderTheThresholdCurveEqualsItsDefinition) {
  const auto [rows, id, ood, right] = answered(3, false);
  const double lowest = rows.ranking.scores.front(), highest = rows.ranking.scores.back();
  constexpr int steps = 20000;
  double area = 0;
  for (int i = 0; i < steps; ++i) {
    const double t = lowest + (i + 0.5) / steps * (highest - lowest);
    double flagged = 0, accepted = 0;
    for (const double s : id) flagged += s > t;
    for (const double s : ood) accepted += s <= t;
    area +=
        (flagged / static_cast<double>(id.size()) + accepted / static_cast<double>(ood.size())) /
        2 / steps;
  }
  EXPECT_NEAR(autc(rows.ranking), area, 1e-4);
  const auto of = [](Scores a, Scores b) {
    return autc(rank_rows(Array({a.size()}, a), Array({b.size()}, b)).ranking);
  };
  EXPECT_EQ(of({0, 0}, {1, 1}), 0);
  EXPECT_EQ(of({1}, {0}), 1);
  EXPECT_EQ(of({5, 5}, {5}), 0.5);
  EXPECT_EQ(of({-1.7e308}, {1.7e308}), 0);  // their difference is no double
}

TEST(Curves, DetectionErrorIsThatOfTheBestThreshold) {
  for (int seed = 0; seed < 10; ++seed) {
    const auto [rows, id, ood, right] = answered(seed, seed % 2);
    double lowest = 0.5;
    for (const double t : ood) {
      double missed = 0, flagged = 0;
      for (const double s : ood) missed += s < t;
      for (const double s : id) flagged += s >= t;
      lowest = std::min(lowest, (missed / static_cast<double>(ood.size()) +
                                 flagged / static_cast<double>(id.size())) /
                                    2);
    }
    EXPECT_NEAR(detection_error(rows.ranking), lowest, 1e-12);
  }
}

TEST(Curves, OfSeparatedSides) {
  const Ranking right = rank(Scores{1, 2, 2}, Scores{3, 4});
  EXPECT_EQ(auroc(right), 1);
  EXPECT_EQ(average_precision(right, Positive::ood), 1);
  EXPECT_EQ(average_precision(right, Positive::id), 1);
  EXPECT_EQ(fpr_at_tpr(right, 1, Positive::id), 0);
  EXPECT_EQ(fpr_at_tpr(right, 1, Positive::ood), 0);
  const Ranking wrong = rank(Scores{3, 4}, Scores{1, 2, 2});
  EXPECT_EQ(auroc(wrong), 0);
  EXPECT_EQ(fpr_at_tpr(wrong, 0.95, Positive::id), 1);
  EXPECT_EQ(fpr_at_tpr(wrong, 0.95, Positive::ood), 1);
  EXPECT_EQ(average_precision(wrong, Positive::ood), (2 / 4.0 * 2 + 3 / 5.0) / 3);
}

TEST(Curves, OfOneScoreForAll) {
  const Ranking ranking = rank(Scores{7, 7, 7}, Scores{7});
  EXPECT_EQ(auroc(ranking), 0.5);
  EXPECT_EQ(average_precision(ranking, Positive::ood), 0.25);
  EXPECT_EQ(average_precision(ranking, Positive::id), 0.75);
  EXPECT_EQ(fpr_at_tpr(ranking, 0.95, Positive::ood), 1);
}

TEST(Curves, SwappingAndNegatingTheSidesSwapsTheRoles) {
  const auto id = draw(70, 0, 1, true);
  const auto ood = draw(90, 1, 2, true);
  Scores minus_id = id;
  Scores minus_ood = ood;
  for (double& s : minus_id) s = -s;
  for (double& s : minus_ood) s = -s;
  const Ranking ranking = rank(id, ood);
  const Ranking mirrored = rank(minus_ood, minus_id);
  EXPECT_EQ(auroc(ranking), auroc(mirrored));
  EXPECT_EQ(average_precision(ranking, Positive::id), average_precision(mirrored, Positive::ood));
  EXPECT_EQ(fpr_at_tpr(ranking, 0.95, Positive::id), fpr_at_tpr(mirrored, 0.95, Positive::ood));
}

TEST(Curves, DependOnTheOrderOfScoresAlone) {
  const auto id = draw(70, 0, 1, false);
  const auto ood = draw(90, 1, 2, false);
  const auto monotone = [](Scores scores) {
    for (double& s : scores) s = std::atan(s) * 1e4;
    return scores;
  };
  EXPECT_EQ(rank(id, ood).steps, rank(monotone(id), monotone(ood)).steps);
}

TEST(Curves, AShareThatIsReachedExactlyCounts) {
  Scores id(20);
  for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<double>(i);
  // 19 of 20 ID rows, exactly 95 %, lie at or below 18; the OOD row at 18.5 is not accepted.
  EXPECT_EQ(fpr_at_tpr(rank(id, Scores{18.5}), 0.95, Positive::id), 0);
  EXPECT_EQ(fpr_at_tpr(rank(id, Scores{18}), 0.95, Positive::id), 1);
}

TEST(Curves, RefuseATprOutOfRange) {
  const Ranking ranking = rank(Scores{1}, Scores{2});
  for (const double tpr : {0.0, -0.5, 95.0, std::nan("")}) {
    EXPECT_THAT([&] { fpr_at_tpr(ranking, tpr, Positive::id); },
                ThrowsMessage<Error>(HasSubstr("tpr: expected > 0 and <= 1")));
  }
}

TEST(Curves, CountTiedPairs) {
  const auto share = [](const Scores& id, const Scores& ood) {
    return tied_pairs(rank(std::span<const double>(id), std::span<const double>(ood)));
  };
  EXPECT_EQ(share({1, 1, 2, 3}, {1, 3, 3}), (2.0 + 2.0) / 12);
  EXPECT_EQ(share({1, 2}, {3}), 0);
  EXPECT_EQ(share({7, 7}, {7}), 1);
}

}  // namespace
}  // namespace nescio::metrics
