#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

TEST(Entropy, IsThatOfTheSoftmax) {
  const ToyBank bank;
  for (const double T : {1.0, 3.0}) {
    expect_formula(bank, text("entropy(T=", T, ")"), [&](std::size_t r) {
      auto z = bank.test_logits[r];
      for (double& v : z) v /= T;
      const double total = log_sum_exp(z);
      double sum = 0;
      for (const double v : z) sum -= std::exp(v - total) * (v - total);
      return sum;
    });
  }
}

TEST(Entropy, DoesNotSaturate) {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::test_rows; ++r) {
    bank.test_logits[r] = {30.0 + static_cast<double>(r), 0, 0, 0, 0};
  }
  const auto scores = bank.scores("entropy");
  for (std::size_t r = 1; r < scores.size(); ++r) EXPECT_LT(scores[r], scores[r - 1]);
}

}  // namespace
}  // namespace nescio::detectors
