#include "train/losses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "io/test_folder.h"
#include "train/mixing.h"

namespace nescio::train {
namespace {

using torch::Tensor;

Tensor rows(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64).reshape({2, -1});
}

// K = 3, lambda = 0.3, double precision; the values were computed apart from this project.
const Tensor zi = rows({2, -1, 0.5, 0.1, 0.3, -0.2});
const Tensor zo = rows({0.4, 0.2, -0.6, 1.5, -0.5, 0});
const Tensor zm = rows({0.9, -0.3, 0.2, 0.7, 0.1, -0.4});
const Tensor y = torch::tensor({0, 2});
const Tensor lambda = torch::tensor(0.3, torch::kFloat64);
const Tensor q = mixed_labels(y, 3, lambda);
const Tensor zt = 0.3 * zi + 0.7 * zo;

double value(const Tensor& t) { return t.item<double>(); }

TEST(Losses, HaveTheGoldenValues) {
  EXPECT_NEAR(value(cross_entropy(zi, y)), 0.813625, 1e-6);
  EXPECT_NEAR(value(uniform_cross_entropy(zo)), 1.327687, 1e-6);
  EXPECT_LT(
      value((q - rows({0.533333, 0.233333, 0.233333, 0.233333, 0.233333, 0.533333})).abs().max()),
      1e-6);
  EXPECT_NEAR(value(soft_cross_entropy(q, zm)), 1.194359, 1e-6);
  EXPECT_NEAR(value(soft_cross_entropy(q, zt)), 1.201511, 1e-6);
  EXPECT_NEAR(value(energy_above(zi, -1.5) + energy_below(zo, -1.0)), 0.391048, 1e-6);
}

TEST(Losses, AddUpToTheGoldenTotals) {
  const double ce = value(cross_entropy(zi, y)), u = value(uniform_cross_entropy(zo));
  const double h = value(soft_cross_entropy(q, zt));
  EXPECT_NEAR(ce + 0.5 * u, 1.477469, 1e-6);                               // OE
  EXPECT_NEAR(ce + 5 * value(soft_cross_entropy(q, zm)), 6.785422, 1e-6);  // MixOE
  EXPECT_NEAR(ce + u + h, 3.342824, 1e-6);                                 // author_fc
  EXPECT_NEAR(ce + u + h + value(consistency(zt, zm, "mse")), 3.447908, 1e-6);
}

TEST(SoftCrossEntropy, HasTheLimitsOfTheMixture) {
  const auto mixed = [&](double l) {
    const Tensor share = torch::tensor(l, torch::kFloat64);
    return value(soft_cross_entropy(mixed_labels(y, 3, share), share * zi + (1 - share) * zo));
  };
  EXPECT_NEAR(mixed(1), value(cross_entropy(zi, y)), 1e-15);
  EXPECT_NEAR(mixed(0), value(uniform_cross_entropy(zo)), 1e-15);
}

TEST(Consistency, HasTheGoldenValues) {
  const std::vector<std::pair<std::string, double>> golden = {
      {"mse", 0.105083},      {"mse_centred", 0.091078}, {"mse_logsoftmax", 0.095067},
      {"mse_prob", 0.006327}, {"kl", 0.032656},          {"kl_rev", 0.036518}};
  for (const auto& [kind, expected] : golden) {
    EXPECT_NEAR(value(consistency(zt, zm, kind)), expected, 1e-6) << kind;
  }
  EXPECT_NEAR(value(consistency(zt, zm, "l1")), value((zt - zm).abs().mean()), 1e-15);
}

TEST(Consistency, JensenShannonIsHalfTheDivergencesToTheMean) {
  const Tensor p = zt.softmax(1), r = zm.softmax(1), mean = (p + r) / 2;
  const double expected =
      value(((p * (p / mean).log()).sum() + (r * (r / mean).log()).sum()) / 2 / 2);
  EXPECT_NEAR(value(consistency(zt, zm, "js")), expected, 1e-12);
}

TEST(Consistency, IsZeroForEqualLogitsAndKnowsItsKinds) {
  for (const std::string& kind : consistency_kinds()) {
    EXPECT_NEAR(value(consistency(zt, zt, kind)), 0, 1e-15) << kind;
    EXPECT_GT(value(consistency(zt, zm, kind)), 0) << kind;
  }
  EXPECT_THAT(io::error_of([] { consistency(zt, zm, "mse_logsoftmx"); }),
              testing::HasSubstr("Did you mean 'mse_logsoftmax'?"));
}

TEST(Consistency, DoesNotSeeAConstantExceptInMse) {
  for (const std::string& kind : consistency_kinds()) {
    const double gap = value(consistency(zt, zt + 3, kind));
    EXPECT_NEAR(gap, kind == "mse" ? 9 : kind == "l1" ? 3 : 0, 1e-12) << kind;
  }
}

TEST(SoftCrossEntropy, HasTheGradientOfTheMixture) {
  const Tensor a = zi.clone().requires_grad_(), b = zo.clone().requires_grad_();
  soft_cross_entropy(q, 0.3 * a + 0.7 * b).backward();
  const Tensor expected = (zt.softmax(1) - q) / 2;
  EXPECT_LT(value((a.grad() - 0.3 * expected).abs().max()), 1e-15);
  EXPECT_LT(value((b.grad() - 0.7 * expected).abs().max()), 1e-15);
  const double golden_id[] = {0.00981544, -0.00325431, -0.00656113};
  const double golden_outlier[] = {0.02290270, -0.00759339, -0.01530930};
  for (int c = 0; c < 3; ++c) {
    EXPECT_NEAR(value(a.grad()[0][c]), golden_id[c], 1e-8);
    EXPECT_NEAR(value(b.grad()[0][c]), golden_outlier[c], 1e-8);
  }
}

TEST(SoftCrossEntropy, IsConvexInTheMixture) {
  EXPECT_LE(value(soft_cross_entropy(q, zt)),
            0.3 * value(soft_cross_entropy(q, zi)) + 0.7 * value(soft_cross_entropy(q, zo)));
}

TEST(UniformCrossEntropy, IsAtLeastLogC) {
  EXPECT_NEAR(value(uniform_cross_entropy(torch::full({4, 10}, 3.0, torch::kFloat64))),
              std::log(10.0), 1e-14);
  EXPECT_GT(value(uniform_cross_entropy(zo)), std::log(3.0));
  EXPECT_TRUE(torch::equal(uniform_cross_entropy_rows(zo).mean(), uniform_cross_entropy(zo)));
}

TEST(Losses, StayFiniteForLargeLogits) {
  const Tensor large = 1000 * zi;
  EXPECT_NEAR(value(uniform_cross_entropy(large)), (2000 - 500 + 300 - 200.0 / 3) / 2, 1e-9);
  EXPECT_TRUE(std::isfinite(value(soft_cross_entropy(q, large))));
  EXPECT_TRUE(std::isfinite(value(consistency(large, -large, "js"))));
}

TEST(MixedLabels, GiveTheUniformPartToAllClasses) {
  const Tensor each = mixed_labels(y, 3, torch::tensor({1.0, 0.0}, torch::kFloat64));
  EXPECT_TRUE(torch::equal(each[0], torch::tensor({1.0, 0.0, 0.0}, torch::kFloat64)));
  EXPECT_TRUE(torch::allclose(each[1], torch::full({3}, 1 / 3.0, torch::kFloat64)));
}

/// m* of CE + w E_lambda[H(q, lambda z)] for z = (m, 0, ..., 0): logit mixing with flat outliers.
double best_margin(int classes, double w_ce, double w) {
  const int grid = 2000;  // of lambda ~ U(0, 1), midpoints
  double best = 0, least = 1e300;
  for (double m = 4; m < 11; m += 0.02) {
    const auto lse = [&](double s) { return s + std::log1p((classes - 1) * std::exp(-s)); };
    double sum = 0;
    for (int i = 0; i < grid; ++i) {
      const double l = (i + 0.5) / grid;
      sum += lse(l * m) - (l + (1 - l) / classes) * l * m;
    }
    const double total = w_ce * (lse(m) - m) + w * sum / grid;
    if (total < least) {
      least = total;
      best = m;
    }
  }
  return best;
}

TEST(LogitMixing, WithFlatOutliersHasAFiniteMargin) {
  // The published table: only H, CE + H, CE + 5 H; the library's loss at that margin is stationary.
  EXPECT_NEAR(best_margin(10, 0, 1), 4.88, 0.021);
  EXPECT_NEAR(best_margin(10, 1, 1), 5.62, 0.021);
  EXPECT_NEAR(best_margin(10, 1, 5), 5.10, 0.021);
  EXPECT_NEAR(best_margin(100, 1, 1), 8.92, 0.021);
  const Tensor z = torch::zeros({1, 10}, torch::kFloat64);
  z[0][0] = 4.88;
  z.requires_grad_();
  Tensor sum = torch::zeros({}, torch::kFloat64);
  for (int i = 0; i < 500; ++i) {
    const Tensor l = torch::tensor((i + 0.5) / 500, torch::kFloat64);
    sum = sum + soft_cross_entropy(mixed_labels(torch::tensor({0}), 10, l), l * z) / 500;
  }
  sum.backward();
  EXPECT_NEAR(value(z.grad()[0][0]), 0, 1e-3);
}

TEST(DrawBeta, HasMeanAndVarianceOfTheDistribution) {
  for (const double a : {0.2, 1.0, 3.0}) {
    torch::manual_seed(1);
    const Tensor draws = draw_beta(a, a, 200000);
    EXPECT_NEAR(value(draws.mean()), 0.5, 0.004) << a;
    EXPECT_NEAR(value(draws.var()), 1 / (4 * (2 * a + 1)), 0.003) << a;
  }
  torch::manual_seed(1);
  EXPECT_NEAR(value(draw_beta(2, 5, 200000).mean()), 2.0 / 7, 0.003);
  EXPECT_TRUE(torch::equal(draw_beta(0, 0, 3), torch::ones({3}, torch::kFloat64)));
  const Tensor tiny = draw_beta(1e-4, 1e-4, 1000);  // both gammas are often 0 there
  EXPECT_EQ(value((tiny == tiny).all().to(torch::kFloat64)), 1);
}

Tensor picture(double fill, std::int64_t count = 3) {
  return torch::full({count, 2, 8, 8}, fill, torch::kFloat64);
}

TEST(Mixup, WeighsThePictureByLambda) {
  EXPECT_TRUE(torch::allclose(mixup(picture(1), picture(0), lambda), picture(0.3)));
  const Tensor each = mixup(picture(1), picture(0), torch::tensor({0.0, 0.5, 1.0}));
  EXPECT_NEAR(value(each[1].mean()), 0.5, 1e-12);
  EXPECT_EQ(value(each[0].max()), 0);
  EXPECT_EQ(value(each[2].min()), 1);
}

TEST(Cutmix, LeavesTheShareThatItSays) {
  std::set<double> shares;
  for (int seed = 0; seed < 30; ++seed) {
    torch::manual_seed(static_cast<std::uint64_t>(seed));
    const Tensor boxes = draw_boxes(torch::tensor(0.5, torch::kFloat64), 8, 8);
    const double left = value(share_left(boxes, 8, 8));
    EXPECT_NEAR(value(paste(picture(1), picture(0), boxes).mean()), left, 1e-12);
    EXPECT_GE(left, 1 - 4 * 4 / 64.0);  // trunc(sqrt(0.5) 8) = 5, half of it 2 a side
    shares.insert(left);
  }
  EXPECT_GT(shares.size(), 2u);  // rectangles at the border are cut
  EXPECT_EQ(value(share_left(draw_boxes(torch::tensor(1.0), 8, 8), 8, 8)), 1);
}

TEST(Cutmix, PastesARectangleIntoEachRowThatAsks) {
  torch::manual_seed(3);
  const Tensor wanted = torch::tensor({0.0, 0.6, 1.0}, torch::kFloat64);
  const Tensor boxes = draw_boxes(wanted, 8, 8);
  const Tensor left = share_left(boxes, 8, 8);
  EXPECT_TRUE(torch::allclose(paste(picture(1), picture(0), boxes).mean({1, 2, 3}), left));
  EXPECT_LT(value(left[0]), 1);
  EXPECT_EQ(value(left[2]), 1);
}

}  // namespace
}  // namespace nescio::train
