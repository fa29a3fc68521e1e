#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

/// |d/dW sum_c -log softmax((W h + b) / T)_c|_1 by differences at W = what gives these logits.
double gradient_norm(const std::vector<double>& z, const std::vector<double>& h, double T) {
  const auto loss = [&](const std::vector<double>& logits) {
    std::vector<double> cooler = logits;
    for (double& v : cooler) v /= T;
    double sum = 0;
    for (const double v : cooler) sum += log_sum_exp(cooler) - v;
    return sum;
  };
  double norm = 0;
  for (std::size_t c = 0; c < z.size(); ++c) {
    auto up = z, down = z;
    up[c] += 1e-5;
    down[c] -= 1e-5;
    const double slope = (loss(up) - loss(down)) / 2e-5;
    for (const double v : h) norm += std::abs(slope * v);  // dz_c / dW_cd = h_d
  }
  return norm;
}

TEST(GradNorm, IsTheNormOfTheGradient) {
  const ToyBank bank;
  for (const double T : {1.0, 2.0}) {
    std::vector<double> expected;
    for (std::size_t r = 0; r < ToyBank::test_rows; ++r) {
      expected.push_back(-gradient_norm(bank.test_logits[r], bank.test_features[r], T));
    }
    const auto found = bank.scores(text("gradnorm(T=", T, ")"), Executor::reference);
    for (std::size_t r = 0; r < expected.size(); ++r) {
      EXPECT_NEAR(found[r], expected[r], 1e-7 * std::abs(expected[r])) << r;
    }
  }
}

TEST(GradNorm, IsItsClosedForm) {
  const ToyBank bank;
  expect_formula(bank, "gradnorm", [&](std::size_t r) {
    const auto& z = bank.test_logits[r];
    double of_logits = 0, of_features = 0;
    for (const double v : z) of_logits += std::abs(5 * std::exp(v - log_sum_exp(z)) - 1);
    for (const double v : bank.test_features[r]) of_features += std::abs(v);
    return -of_logits * of_features;
  });
}

}  // namespace
}  // namespace nescio::detectors
