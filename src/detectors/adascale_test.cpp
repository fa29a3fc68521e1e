#include <gmock/gmock.h>

#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

/// sum(f) / sum(largest k of f) of test row r, f = max(h, 0), written out.
double ratio(const ToyBank& bank, std::size_t r, double p_min, double p_max, double lambda) {
  const auto shift = [&](const ToyBank::Row& kept) { return kept[1] + lambda * kept[0]; };
  const double now = shift(ToyBank::probed(bank.test_logits)[r]);
  const auto learned = ToyBank::probed(bank.train_logits);
  double below = 0;
  for (const auto& row : learned) below += shift(row) <= now;
  const double share = below / static_cast<double>(learned.size());
  const double p = p_min + (1 - share) * (p_max - p_min);
  const auto k = ToyBank::width - static_cast<std::size_t>(std::nearbyint(p * ToyBank::width));
  auto f = bank.test_features[r];
  std::ranges::sort(f, std::greater());
  double sum = 0, largest = 0;
  for (std::size_t d = 0; d < f.size(); ++d) {
    sum += std::max(f[d], 0.0);
    if (d < std::max<std::size_t>(k, 1)) largest += std::max(f[d], 0.0);
  }
  return sum / largest;
}

TEST(AdaScale, ScalesEachRowByAShareOfItsOwn) {
  const ToyBank bank;
  for (const double p_min : {0.31, 0.625, 0.9}) {  // 12 * 0.625 = 7.5 goes to 8
    const double p_max = 0.9;
    const std::string settings = text("p_min=", p_min, ",p_max=", p_max, ",lambda=3,k2=0.02");
    expect_formula(bank, text("adascale(", settings, ")+energy"), [&](std::size_t r) {
      auto z = bank.test_logits[r];
      const double e = std::exp(ratio(bank, r, p_min, p_max, 3));
      for (std::size_t c = 0; c < z.size(); ++c) z[c] = e * (z[c] - bank.bias[c]) + bank.bias[c];
      return -log_sum_exp(z);
    });
    expect_formula(bank, text("adascale(scale=logits,", settings, ")+energy"), [&](std::size_t r) {
      auto z = bank.test_logits[r];
      const double s = ratio(bank, r, p_min, p_max, 3);
      for (double& v : z) v *= s * s;
      return -log_sum_exp(z);
    });
  }
}

TEST(AdaScale, NeedsTheProbeThatItsParametersMean) {
  EXPECT_THAT(Chain("adascale(p_min=0.6,o=0.1)+energy").needs().arrays,
              testing::ElementsAre("adascale(epsilon=0.5,o=0.1,k1=0.05,k2=0.01)"));
  EXPECT_FALSE(Chain("adascale(scale=logits)+energy").needs().head);
}

}  // namespace
}  // namespace nescio::detectors
