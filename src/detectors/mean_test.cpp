#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;
using testing::HasSubstr;

/// s - mean, in units of the standard deviation, both over the rows that were fitted on.
struct Standardised {
  double mean = 0, deviation = 0;

  template <class Score>
  Standardised(const std::vector<Row>& rows, Score score) {
    const auto n = static_cast<double>(rows.size());
    for (const Row& z : rows) mean += score(z) / n;
    for (const Row& z : rows) deviation += std::pow(score(z) - mean, 2) / n;
    deviation = std::sqrt(deviation);
  }
  double operator()(double s) const { return (s - mean) / deviation; }
};

double energy(const Row& z) { return -log_sum_exp(z); }
double max_logit(const Row& z) { return -std::ranges::max(z); }

TEST(Mean, IsThatOfStandardisedScores) {
  const ToyBank bank;
  const Standardised a(bank.train_logits, energy), b(bank.train_logits, max_logit);
  const auto weighted = [&](double of_a, double of_b) {
    return [&, of_a, of_b](std::size_t r) {
      const Row& z = bank.test_logits[r];
      return (of_a * a(energy(z)) + of_b * b(max_logit(z))) / (of_a + of_b);
    };
  };
  expect_formula(bank, "mean(energy,max_logit)", weighted(1, 1));
  expect_formula(bank, "mean(energy,max_logit,weights=(3,1))", weighted(3, 1));
  expect_formula(bank, "mean(energy,max_logit,weights=(0,2),fit_on=train)", weighted(0, 2));
}

TEST(Mean, TakesWhateverHasAScore) {
  const ToyBank bank;
  // The same detector twice is that detector, standardised: the order of its rows stays.
  const Row alone = bank.scores("react(q=0.5)+knn(k=3)", Executor::reference);
  const Row twice =
      bank.scores("mean(react(q=0.5)+knn(k=3),react(q=0.5)+knn(k=3))", Executor::reference);
  for (std::size_t r = 1; r < alone.size(); ++r) {
    EXPECT_EQ(alone[r] > alone[r - 1], twice[r] > twice[r - 1]) << r;
  }
  // A shaper before it stands before each of its detectors.
  const Row before = bank.scores("react(q=0.5)+mean(energy,knn(k=3))", Executor::reference);
  const Row inside =
      bank.scores("mean(react(q=0.5)+energy,react(q=0.5)+knn(k=3))", Executor::reference);
  for (std::size_t r = 0; r < before.size(); ++r) EXPECT_NEAR(before[r], inside[r], 1e-9);
  EXPECT_EQ(bank.scores("mean(mean(energy,msp),vim)").size(), ToyBank::test_rows);
}

TEST(Mean, RefusesADetectorThatTellsNoRowFromAnother) {
  ToyBank bank;
  for (Row& z : bank.train_logits) z = bank.train_logits[0];
  EXPECT_THAT(io::error_of([&] { bank.scores("mean(knn,energy)"); }),
              HasSubstr("energy gives all 200 rows of toy/train the same score"));
}

TEST(Mean, RefusesScalesOfOtherDetectors) {
  const auto score = [](std::size_t scales) {
    Chain chain("mean(msp,energy)");
    const Array values({1, scales}, std::vector<float>(scales, 1));
    chain.load({{"0.location", values}, {"0.scale", values}});
    return io::error_of([&] { chain.score(make_inputs(3, 0, std::nullopt)); });
  };
  EXPECT_EQ(score(2), "");
  EXPECT_NE(score(3), "");
  EXPECT_NE(score(0), "");
}

}  // namespace
}  // namespace nescio::detectors
