#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

TEST(Energy, IsTheNegativeLogSumExp) {
  const ToyBank bank;
  for (const double T : {1.0, 2.5}) {
    expect_formula(bank, text("energy(T=", T, ")"), [&](std::size_t r) {
      auto z = bank.test_logits[r];
      for (double& v : z) v /= T;
      return -T * log_sum_exp(z);
    });
  }
}

TEST(Energy, OfEqualLogitsIsMinusLogOfTheirNumber) {
  ToyBank bank;
  for (auto& z : bank.test_logits) z.assign(ToyBank::classes, 0.0);
  EXPECT_NEAR(bank.scores("energy")[0], -std::log(5.0), 1e-6);
}

TEST(Energy, FallsByWhatAllLogitsRise) {
  ToyBank bank;
  const auto before = bank.scores("energy");
  for (auto& z : bank.test_logits) {
    for (double& v : z) v += 3;
  }
  const auto after = bank.scores("energy");
  for (std::size_t r = 0; r < before.size(); ++r) EXPECT_NEAR(after[r], before[r] - 3, 1e-5);
}

}  // namespace
}  // namespace nescio::detectors
