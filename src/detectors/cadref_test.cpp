#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

double confidence(const std::string& kind, const Row& z) {
  if (kind == "energy") return log_sum_exp(z);
  if (kind == "max_logit") return std::ranges::max(z);
  double largest = 0, sum = 0;
  for (const double v : z) {
    const double p = std::exp(v - log_sum_exp(z));
    largest = std::max(largest, p);
    sum += std::pow(p * (1 - p), 0.1);
  }
  return kind == "msp" ? largest : 1 / sum;
}

ToyBank positive_bank() {
  ToyBank bank;
  for (auto* rows : {&bank.train_logits, &bank.test_logits}) {
    for (Row& z : *rows) {
      for (double& v : z) v = static_cast<float>(0.5 * v + 8);
    }
  }
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
    double& v = bank.train_logits[r][static_cast<std::size_t>(bank.labels[r])];
    v = static_cast<float>(v + 3);
  }
  bank.weight[1][3] = bank.weight[2][5] = 0;  // which count in neither part
  return bank;
}

TEST(CadRef, DividesTheTwoPartsByScoresOfTheLogits) {
  const ToyBank bank = positive_bank();
  std::vector<Row> means(ToyBank::classes, Row(ToyBank::width, 0));
  Row counts(ToyBank::classes, 0);
  for (const Row& z : bank.train_logits) counts[seen_class(z)] += 1;
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
    const std::size_t c = seen_class(bank.train_logits[r]);
    for (std::size_t d = 0; d < ToyBank::width; ++d) {
      means[c][d] += bank.train_features[r][d] / counts[c];
    }
  }
  for (const std::string kind : {"energy", "max_logit", "msp", "gen"}) {
    double usual = 0;
    for (const Row& z : bank.train_logits)
      usual += confidence(kind, z) / double(ToyBank::train_rows);
    expect_formula(bank, "cadref(logit_score=" + kind + ")", [&](std::size_t r) {
      const Row &h = bank.test_features[r], &z = bank.test_logits[r];
      const Row &w = bank.weight[seen_class(z)], &mean = means[seen_class(z)];
      double positive = 0, negative = 0, size = 0;
      for (std::size_t d = 0; d < h.size(); ++d) {
        const double relative = h[d] - mean[d];
        if (w[d] * relative > 0) positive += std::abs(relative);
        if (w[d] * relative < 0) negative += std::abs(relative);
        size += std::abs(h[d]);
      }
      return positive / size / confidence(kind, z) + negative / size / usual;
    });
  }
}

TEST(CadRef, OfLogitsBelowZeroIsHigh) {
  ToyBank bank = positive_bank();
  for (double& v : bank.test_logits[0]) v -= 50;
  const auto scores = bank.scores("cadref");
  EXPECT_GT(scores[0], 100 * std::ranges::max(std::span(scores).subspan(1)));
  EXPECT_TRUE(std::isfinite(scores[0]));
}

TEST(CadRef, RefusesScoresThatTurnItRound) {
  ToyBank bank = positive_bank();
  for (Row& z : bank.train_logits) {
    for (double& v : z) v -= 50;
  }
  EXPECT_THAT(io::error_of([&] { bank.scores("cadref"); }), testing::HasSubstr("logit_score=msp"));
  EXPECT_EQ(io::error_of([&] { bank.scores("cadref(logit_score=msp)"); }), "");
}

}  // namespace
}  // namespace nescio::detectors
