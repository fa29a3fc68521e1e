#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

Row global_mean(const ToyBank& bank) {
  Row mu(ToyBank::width, 0);
  for (const Row& h : bank.train_features) {
    for (std::size_t d = 0; d < h.size(); ++d) mu[d] += h[d] / double(ToyBank::train_rows);
  }
  return mu;
}

TEST(Nci, IsProximityAndLength) {
  const ToyBank bank;
  const Row mu = global_mean(bank);
  for (const double alpha : {0.0, 1e-4, 0.1, 3.0}) {
    expect_formula(bank, text("nci(alpha=", format_number(alpha), ")"), [&](std::size_t r) {
      const Row& h = bank.test_features[r];
      const Row& z = bank.test_logits[r];
      const Row& w = bank.weight[static_cast<std::size_t>(std::ranges::max_element(z) - z.begin())];
      double product = 0, square = 0, length = 0;
      for (std::size_t d = 0; d < h.size(); ++d) {
        product += w[d] * (h[d] - mu[d]);
        square += (h[d] - mu[d]) * (h[d] - mu[d]);
        length += std::abs(h[d]);
      }
      return -(product / std::sqrt(square) + alpha * length);
    });
  }
}

TEST(Nci, OfTheMeanIsItsLength) {
  ToyBank bank;
  for (Row& h : bank.train_features) h.assign(ToyBank::width, 0.5);
  bank.test_features[0].assign(ToyBank::width, 0.5);
  EXPECT_FLOAT_EQ(static_cast<float>(bank.scores("nci(alpha=2)")[0]), -12.0f);
}

}  // namespace
}  // namespace nescio::detectors
