#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

Row softmax_of(const Row& z) {
  Row p;
  for (const double v : z) p.push_back(std::exp(v - log_sum_exp(z)));
  return p;
}

double relations(const ToyBank& bank, std::size_t row, double power, double threshold) {
  const Row& h = bank.test_features[row];
  double sum = 0;
  for (std::size_t i = 0; i < ToyBank::train_rows; ++i) {
    const Row& g = bank.train_features[i];
    const double cosine = std::max(dot(h, g) / std::sqrt(dot(h, h) * dot(g, g)), 0.0);
    const double r =
        cosine * dot(softmax_of(bank.test_logits[row]), softmax_of(bank.train_logits[i]));
    if (r > threshold) sum += std::pow(r, power);
  }
  return -sum;
}

TEST(Relation, IsTheSumOverTheTrainingRows) {
  const ToyBank bank;
  for (const double power : {0.5, 1.0, 2.0, 8.0}) {
    expect_formula(bank, text("relation(pow=", power, ")"),
                   [&](std::size_t r) { return relations(bank, r, power, 0.03); });
  }
  expect_formula(bank, "relation(threshold=0.3)",
                 [&](std::size_t r) { return relations(bank, r, 1, 0.3); });
}

TEST(Relation, LeavesOppositeDirectionsOut) {
  ToyBank bank;
  for (auto* rows : {&bank.train_features, &bank.test_features}) {
    for (Row& h : *rows) {
      for (std::size_t d = 0; d < h.size(); ++d) {
        h[d] = static_cast<float>(h[d] - (d % 2 == 0 ? 1 : 0.5));
      }
    }
  }
  expect_formula(bank, "relation(pow=2)",
                 [&](std::size_t r) { return relations(bank, r, 2, 0.03); });
}

}  // namespace
}  // namespace nescio::detectors
