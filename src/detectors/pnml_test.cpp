#include <gmock/gmock.h>

#include "base/error.h"
#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

Row unit(Row h) {
  const double length = std::sqrt(dot(h, h));
  for (double& v : h) v /= length;
  return h;
}

/// u^T (U^T U)^-1 u / (1 + the same), over the first `columns` features, which span all.
double learnable(const ToyBank& bank, Row u, std::size_t columns) {
  std::vector<Row> products(columns, Row(columns, 0));
  for (const Row& h : bank.train_features) {
    const Row t = unit(h);
    for (std::size_t i = 0; i < columns; ++i) {
      for (std::size_t j = 0; j < columns; ++j) products[i][j] += t[i] * t[j];
    }
  }
  u.resize(columns);
  const double a = dot(u, solve(products, u));
  return a / (1 + a);
}

double regret(const Row& z, double k, double least) {
  double sum = 0;
  for (const double v : z) {
    const double p = std::clamp(std::exp(v - log_sum_exp(z)), least, 1 - least);
    sum += p / (p + (1 - p) * std::pow(p, k));
  }
  return std::log(sum) / std::log(static_cast<double>(z.size()));
}

TEST(Pnml, IsThePapersEquation) {
  const ToyBank bank;
  const auto k = [&](std::size_t r) {
    return learnable(bank, unit(bank.test_features[r]), ToyBank::width);
  };
  expect_formula(bank, "pnml", [&](std::size_t r) { return regret(bank.test_logits[r], k(r), 0); });
  expect_formula(bank, "pnml(variant=pytorch_ood)", [&](std::size_t r) {
    return regret(bank.logits(unit(bank.test_features[r])), k(r), 1e-12);
  });
}

// A row that has a part outside of what the training rows span may learn any label as far as that goes.
TEST(Pnml, CountsWhatLiesOutsideOfTheTrainingFeatures) {
  ToyBank bank;
  for (Row& h : bank.train_features) h[10] = h[11] = 0;
  const auto outside = [](const Row& u) { return u[10] * u[10] + u[11] * u[11]; };
  expect_formula(bank, "pnml", [&](std::size_t r) {
    const Row u = unit(bank.test_features[r]);
    return regret(bank.test_logits[r], std::max(outside(u), learnable(bank, u, 10)), 0);
  });
  expect_formula(bank, "pnml(variant=pytorch_ood)", [&](std::size_t r) {
    const Row u = unit(bank.test_features[r]);
    return regret(bank.logits(u), learnable(bank, u, 10), 1e-12);
  });
}

TEST(Pnml, DoesNotSaturate) {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::test_rows; ++r) {
    bank.test_features[r] = bank.test_features[0];
    bank.test_logits[r] = {20.0 + static_cast<double>(r), 0, 0, 0, 0};  // p = 1 in float32
  }
  const auto scores = bank.scores("pnml");
  for (std::size_t r = 1; r < scores.size(); ++r) EXPECT_LT(scores[r], scores[r - 1]);
  EXPECT_GT(scores[39], 0);
}

TEST(Pnml, OfAZeroFeatureIsZeroAndTellsOfFewRows) {
  ToyBank bank;
  bank.test_features[0].assign(ToyBank::width, 0.0);
  EXPECT_EQ(bank.scores("pnml")[0], 0);
  EXPECT_NEAR(bank.scores("pnml(variant=pytorch_ood)")[0], 0, 1e-6);
  EXPECT_THAT(bank.notices("pnml"), testing::IsEmpty());

  const Inputs in = make_inputs(2, 6, std::nullopt);
  statistics::Statistics train(
      {"few",
       {{"features", Array({2, 6}, std::vector<float>{1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0})}},
       {},
       2},
      Executor::cpu);
  Chain chain("pnml");
  chain.fit(in, {&train, nullptr});
  EXPECT_THAT(chain.notices(),
              testing::ElementsAre(testing::HasSubstr("2 rows of few in 6 dimensions")));
  // k is 1 / 2 along a training row and 1 across all of them.
  const std::vector<float> h = {3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}, z = {0, 0, 0, 0};
  std::vector<double> out(2);
  compile({chain.score(in)}, Executor::cpu)
      ->run({{"features", {h.data(), 2, 6}}, {"logits", {z.data(), 2, 2}}}, {out.data()});
  EXPECT_NEAR(out[0], std::log2(2 / (1 + std::sqrt(0.5))), 1e-6);
  EXPECT_NEAR(out[1], std::log2(2 / (1 + 0.5)), 1e-6);
}

TEST(Pnml, NeedsTwoClassesAndAHeadOnlyAsTheToolkitDoes) {
  EXPECT_FALSE(Chain("pnml").needs().head);
  EXPECT_TRUE(Chain("pnml(variant=pytorch_ood)").needs().head);
  EXPECT_FALSE(Chain("pnml(variant=pytorch_ood)").needs().logits);
  Chain chain("pnml");
  chain.load({{"0.whitening", to_array(Matrix(3, 3, 1.0))}});
  EXPECT_THAT(io::error_of([&] { chain.score(make_inputs(1, 3, std::nullopt)); }),
              testing::HasSubstr("expected at least 2 classes, found 1"));
}

}  // namespace
}  // namespace nescio::detectors
