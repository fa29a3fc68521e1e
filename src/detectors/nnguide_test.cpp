#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

double cosine(const Row& a, const Row& b) { return dot(a, b) / std::sqrt(dot(a, a) * dot(b, b)); }

double guided(const ToyBank& bank, std::size_t row, const std::vector<std::size_t>& rows,
              std::size_t k) {
  std::vector<double> products;
  for (const std::size_t r : rows) {
    products.push_back(log_sum_exp(bank.train_logits[r]) *
                       cosine(bank.train_features[r], bank.test_features[row]));
  }
  std::ranges::sort(products, std::greater{});
  const double sum =
      std::accumulate(products.begin(), products.begin() + static_cast<std::ptrdiff_t>(k), 0.0);
  return -log_sum_exp(bank.test_logits[row]) * sum / static_cast<double>(k);
}

std::vector<std::size_t> first(std::size_t count) {
  std::vector<std::size_t> rows(count);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

TEST(NNGuide, IsTheEnergyTimesTheMeanGuidance) {
  const ToyBank bank;
  const auto all = first(ToyBank::train_rows);
  for (const std::size_t k : {1u, 10u, 100u}) {
    expect_formula(bank, text("nnguide(alpha=1,k=", k, ")"),
                   [&](std::size_t r) { return guided(bank, r, all, k); });
    // The first batch of 200 rows are all of them.
    expect_formula(bank, text("nnguide(alpha=0.01,k=", k, ",variant=openood)"),
                   [&](std::size_t r) { return guided(bank, r, all, k); });
  }
}

TEST(NNGuide, DrawsAShareOfTheRows) {
  const ToyBank bank;
  for (const std::uint64_t seed : {0u, 7u}) {
    auto drawn = Rng(seed).permutation(ToyBank::train_rows);
    drawn.resize(20);
    expect_formula(bank, text("nnguide(alpha=0.1,k=3,seed=", seed, ")"),
                   [&](std::size_t r) { return guided(bank, r, drawn, 3); });
  }
  EXPECT_NE(bank.scores("nnguide(alpha=0.1,k=3)"), bank.scores("nnguide(alpha=0.1,k=3,seed=1)"));
}

TEST(NNGuide, TakesAtLeastKRowsAndSaysWhereThereAreFewer) {
  const ToyBank bank;
  auto drawn = Rng(0).permutation(ToyBank::train_rows);
  drawn.resize(50);
  expect_formula(bank, "nnguide(alpha=0.01,k=50)",
                 [&](std::size_t r) { return guided(bank, r, drawn, 50); });
  expect_formula(bank, "nnguide(k=500)", [&](std::size_t r) {
    return guided(bank, r, first(ToyBank::train_rows), ToyBank::train_rows);
  });
  EXPECT_THAT(bank.notices("nnguide(k=500)"),
              testing::Contains(testing::HasSubstr("more than the 200 rows of toy/train")));
}

TEST(NNGuide, SaysWhereTheEnergyTurnsIt) {
  ToyBank bank;
  for (Row& z : bank.train_logits) {
    for (double& v : z) v += 100;
  }
  EXPECT_THAT(bank.notices("nnguide"), testing::IsEmpty());
  for (Row& z : bank.train_logits) {
    for (double& v : z) v -= 200;
  }
  EXPECT_THAT(bank.notices("nnguide"),
              testing::ElementsAre(testing::HasSubstr("of 100 of the 100 rows of the bank")));
}

TEST(NNGuide, RefusesASeedThatDoesNothing) {
  EXPECT_THAT(io::error_of([] { Chain("nnguide(seed=1,variant=openood)"); }),
              testing::HasSubstr("does nothing here"));
}

}  // namespace
}  // namespace nescio::detectors
