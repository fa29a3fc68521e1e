#include <gmock/gmock.h>

#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

TEST(Gram, AddsUpDeviationsInSharesOfTheUsualOnes) {
  ToyBank bank;
  for (auto& row : bank.train_logits) {
    for (double& v : row) v = std::abs(v) + 0.125;
  }
  const auto learned = ToyBank::probed(bank.train_logits), seen = ToyBank::probed(bank.test_logits);
  std::vector<double> usual(ToyBank::classes);
  for (const auto& row : learned) {
    for (std::size_t l = 0; l < usual.size(); ++l) {
      usual[l] += row[l] / static_cast<double>(learned.size());
    }
  }
  expect_formula(bank, "gram(powers=4)", [&](std::size_t r) {
    double sum = 0;
    for (std::size_t l = 0; l < usual.size(); ++l) sum += seen[r][l] / (usual[l] + 1e-7);
    const auto& z = bank.test_logits[r];
    return sum / std::exp(std::ranges::max(z) - log_sum_exp(z));
  });
}

TEST(Gram, SaysWhereALayerNeverDeviates) {
  ToyBank bank;
  for (auto& row : bank.train_logits) {
    for (double& v : row) v = std::abs(v) + 0.125;
    row[1] = 0;
  }
  EXPECT_THAT(bank.notices("gram"),
              testing::Contains(testing::HasSubstr("1 of the 5 layers deviate in no row")));
}

TEST(Gram, NeedsTheProbeThatItsParametersMean) {
  EXPECT_THAT(Chain("gram(powers=5)").needs().arrays, testing::ElementsAre("gram(powers=5)"));
}

}  // namespace
}  // namespace nescio::detectors
