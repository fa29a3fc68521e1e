#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

TEST(Mcm, IsTheLargestProbability) {
  const ToyBank bank;
  for (const double tau : {0.5, 1.0, 10.0}) {
    expect_formula(bank, text("mcm(tau=", tau, ")"), [&](std::size_t r) {
      auto z = bank.test_logits[r];
      for (double& v : z) v /= tau;
      return -std::exp(std::ranges::max(z) - log_sum_exp(z));
    });
  }
}

}  // namespace
}  // namespace nescio::detectors
