#include <gmock/gmock.h>

#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

TEST(RankFeat, IsTheEnergyOfTheArrayOfItsProbe) {
  const ToyBank bank;
  const auto rows = ToyBank::probed(bank.test_logits);
  for (const double T : {0.5, 1.0}) {
    expect_formula(bank, text("rankfeat(T=", T, ")"), [&](std::size_t r) {
      auto z = rows[r];
      for (double& v : z) v /= T;
      return -T * log_sum_exp(z);
    });
  }
}

TEST(RankFeat, NeedsTheProbeThatItsParametersMean) {
  EXPECT_THAT(Chain("rankfeat(places=1,T=2)").needs().arrays,
              testing::ElementsAre("rankfeat(places=1)"));
}

}  // namespace
}  // namespace nescio::detectors
