#include <gmock/gmock.h>

#include "base/error.h"
#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

Row probabilities(Row z) {
  const double total = log_sum_exp(z);
  for (double& v : z) v = std::exp(v - total);
  return z;
}

// Over the classes that the network sees.
double divergence(const ToyBank& bank, const Row& z) {
  const Row p = probabilities(z);
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < z.size(); ++k) {
    Row typical(z.size(), 0);
    double count = 0;
    for (const Row& row : bank.train_logits) {
      if (seen_class(row) != k) continue;
      const Row q = probabilities(row);
      for (std::size_t c = 0; c < q.size(); ++c) typical[c] += q[c];
      ++count;
    }
    if (count == 0) continue;
    double sum = 0;
    for (std::size_t c = 0; c < p.size(); ++c) {
      if (p[c] > 0) sum += p[c] * std::log(p[c] / (typical[c] / count));
    }
    least = std::min(least, sum);
  }
  return least;
}

TEST(KlMatching, IsTheDivergenceFromTheNearestTypicalRow) {
  const ToyBank bank = ToyBank().informed();  // all classes are seen
  expect_formula(bank, "kl_matching",
                 [&](std::size_t r) { return divergence(bank, bank.test_logits[r]); });
  EXPECT_THAT(bank.notices("kl_matching"), testing::IsEmpty());
}

TEST(KlMatching, LeavesOutClassesThatAreNeverSeen) {
  ToyBank bank = ToyBank().informed();
  for (Row& z : bank.train_logits) z[1] = z[4] = -50;
  expect_formula(bank, "kl_matching",
                 [&](std::size_t r) { return divergence(bank, bank.test_logits[r]); });
  EXPECT_THAT(bank.notices("kl_matching"),
              testing::ElementsAre(testing::HasSubstr("2 of the 5 classes (1, 4) in no row")));
}

TEST(KlMatching, ReadsNoLabels) {
  ToyBank bank;
  const auto before = bank.scores("kl_matching");
  std::ranges::reverse(bank.labels);
  EXPECT_EQ(bank.scores("kl_matching"), before);
}

// Probabilities below the least float, and below the least double.
TEST(KlMatching, StaysFiniteWhereProbabilitiesVanish) {
  ToyBank bank;
  for (Row& z : bank.train_logits) {
    z[seen_class(z)] = static_cast<float>(z[seen_class(z)] + 200);
  }
  expect_formula(bank, "kl_matching",
                 [&](std::size_t r) { return divergence(bank, bank.test_logits[r]); });
  for (Row& z : bank.train_logits) z[seen_class(z)] += 2000;
  for (const double s : bank.scores("kl_matching")) EXPECT_TRUE(std::isfinite(s));
}

TEST(KlMatching, NeedsTwoClasses) {
  Chain chain("kl_matching");
  chain.load({{"0.log_typical", to_array(Matrix(1, 1))}});
  EXPECT_THROW(chain.score(make_inputs(1, 0, std::nullopt)), Error);
}

}  // namespace
}  // namespace nescio::detectors
