#include "detectors/toy_bank.h"

namespace nescio {
namespace {

TEST(Scale, ScalesFeaturesByTheShareOfTheLargestOnes) {
  const ToyBank bank;
  // 12 features: the k = 12 - round(12 p) largest count, halves rounded to even.
  for (const auto& [p, k] : {std::pair{0.85, 2u}, {0.65, 4u}, {0.125, 10u}, {0.0, 12u}}) {
    expect_formula(bank, text("scale(p=", p, ")+energy"), [&, k = k](std::size_t r) {
      auto h = bank.test_features[r];
      std::ranges::sort(h, std::greater{});
      const double top =
          std::accumulate(h.begin(), h.begin() + static_cast<std::ptrdiff_t>(k), 0.0);
      const double factor = std::exp(std::accumulate(h.begin(), h.end(), 0.0) / top);
      std::vector<double> z;
      for (std::size_t c = 0; c < ToyBank::classes; ++c) {
        z.push_back(factor * (bank.test_logits[r][c] - bank.bias[c]) + bank.bias[c]);
      }
      const double largest = std::ranges::max(z);
      for (double& v : z) v -= largest;
      return -(largest + log_sum_exp(z));
    });
  }
}

TEST(Scale, LeavesLogitsOfZeroFeaturesAlone) {
  ToyBank bank;
  for (auto& h : bank.test_features) h.assign(ToyBank::width, 0.0);
  const auto scaled = bank.scores("scale+max_logit");
  const auto plain = bank.scores("max_logit");
  for (std::size_t r = 0; r < plain.size(); ++r) EXPECT_NEAR(scaled[r], plain[r], 1e-5);
}

}  // namespace
}  // namespace nescio
