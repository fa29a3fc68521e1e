#include <gmock/gmock.h>

#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

TEST(McDropout, IsTheLogOddsOfTheMeanProbabilities) {
  const ToyBank bank;
  const auto rows = ToyBank::probed(bank.test_logits);
  expect_formula(bank, "mc_dropout", [&](std::size_t r) {
    const auto& z = rows[r];
    double rest = 0;
    for (const double v : z) rest += std::exp(v - std::ranges::max(z));
    return std::log(rest - 1);
  });
  expect_formula(bank, "mc_dropout(score=variance)", [&](std::size_t r) { return rows[r][0]; });
}

TEST(McDropout, NeedsTheProbeThatItsParametersMean) {
  EXPECT_THAT(Chain("mc_dropout(passes=5)").needs().arrays,
              testing::ElementsAre("mc_dropout(passes=5,seed=0,keep=mean)"));
  EXPECT_THAT(Chain("mc_dropout(seed=3,score=variance)").needs().arrays,
              testing::ElementsAre("mc_dropout(passes=30,seed=3,keep=variance)"));
}

}  // namespace
}  // namespace nescio::detectors
