#include "base/error.h"
#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

TEST(Msp, IsTheLogOddsOfTheMaximumProbability) {
  const ToyBank bank;
  for (const double T : {1.0, 10.0}) {
    expect_formula(bank, text("msp(T=", T, ")"), [&](std::size_t r) {
      const double p = max_probability(bank.test_logits[r], T);
      return std::log((1 - p) / p);
    });
    expect_formula(bank, text("msp(T=", T, ",variant=openood)"),
                   [&](std::size_t r) { return -max_probability(bank.test_logits[r], T); });
  }
}

TEST(Msp, DoesNotSaturate) {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::test_rows; ++r) {
    bank.test_logits[r] = {30.0 + static_cast<double>(r), 0, 0, 0,
                           0};  // p = 1 in float32 for every row
  }
  const auto scores = bank.scores("msp");
  for (std::size_t r = 1; r < scores.size(); ++r) EXPECT_LT(scores[r], scores[r - 1]);
  const auto saturated = bank.scores("msp(variant=openood)");
  EXPECT_EQ(saturated[0], saturated[39]);
}

TEST(Msp, NeedsTwoClasses) {
  const Inputs in = make_inputs(1, 0, std::nullopt);
  EXPECT_THROW(Chain("msp").score(in), Error);
}

}  // namespace
}  // namespace nescio::detectors
