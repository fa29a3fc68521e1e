#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using testing::HasSubstr;

TEST(WeightedEnergy, SumsWeightedExponentials) {
  const ToyBank bank;
  const std::vector<double> weights = {0.5, -2, 1.25, 0, 3};
  expect_formula(bank, "weighted_energy(weights=(0.5,-2,1.25,0,3))", [&](std::size_t r) {
    double sum = 0;
    for (std::size_t c = 0; c < ToyBank::classes; ++c) {
      sum += std::max(weights[c], 0.0) * std::exp(bank.test_logits[r][c]);
    }
    return -std::log(sum);
  });
}

TEST(WeightedEnergy, WithEqualWeightsIsTheEnergy) {
  const ToyBank bank;
  EXPECT_EQ(bank.scores("weighted_energy"), bank.scores("energy"));
  EXPECT_EQ(bank.scores("weighted_energy(weights=(1,1,1,1,1))"), bank.scores("energy"));
}

// Sums of exponentials overflow a float from 89 on, and a double from 710.
TEST(WeightedEnergy, TakesLogitsOfAnySize) {
  ToyBank bank;
  for (auto& z : bank.test_logits) {
    for (double& v : z) v = static_cast<float>(v + 1000);
  }
  expect_formula(bank, "weighted_energy(weights=(2,2,2,2,2))",
                 [&](std::size_t r) { return -log_sum_exp(bank.test_logits[r]) - std::log(2.0); });
}

TEST(WeightedEnergy, RefusesWeightsThatDoNotFit) {
  const ToyBank bank;
  EXPECT_THAT(io::error_of([&] { bank.scores("weighted_energy(weights=(1,2))"); }),
              HasSubstr("expected one for each of the 5 classes, found 2"));
  EXPECT_THAT(io::error_of([&] { bank.scores("weighted_energy(weights=(0,0,-1,0,0))"); }),
              HasSubstr("expected at least one above 0"));
}

}  // namespace
}  // namespace nescio::detectors
