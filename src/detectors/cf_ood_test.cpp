#include <gmock/gmock.h>

#include <set>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

double squared_distance(const Row& a, const Row& b) {
  const auto length = [](const Row& x) {
    return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0));
  };
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) {
    sum += std::pow(a[d] / length(a) - b[d] / length(b), 2);
  }
  return sum;
}

// As OpenOOD counts: fraction by fraction, over all reference rows.
double kappa(const ToyBank& bank, std::size_t row, const std::vector<std::size_t>& reference,
             std::size_t wanted) {
  std::vector<double> grid;
  for (int i = 1; i <= 100; ++i) grid.push_back(i * 0.001);
  for (int i = 0; i < 81; ++i) grid.push_back(0.105 + i * 0.395 / 80);
  for (int i = 0; i < 49; ++i) grid.push_back(0.51 + i * 0.01);
  std::vector<Row> sorted;
  for (const std::size_t r : reference) {
    Row& distances = sorted.emplace_back();
    for (const std::size_t other : reference) {
      distances.push_back(squared_distance(bank.train_features[r], bank.train_features[other]));
    }
    std::ranges::sort(distances);
  }
  double last = -1;
  for (const double rho : grid) {
    const double rank = std::max(std::floor(rho * double(reference.size()) + 1e-9), 1.0);
    if (rank == last) continue;  // the neighbour before
    last = rank;
    std::size_t count = 0;
    for (std::size_t i = 0; i < reference.size(); ++i) {
      const double d = squared_distance(bank.test_features[row], bank.train_features[reference[i]]);
      count += sorted[i][static_cast<std::size_t>(rank)] >= d ? 1 : 0;
    }
    if (count >= wanted) return rho;
  }
  return 1;
}

TEST(CfOod, IsTheLeastFractionThatEnoughRowsReach) {
  const ToyBank bank;
  std::vector<std::size_t> all(ToyBank::train_rows);
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (const auto& [k, wanted] : {std::pair{0.001, 1u}, {0.01, 2u}, {0.05, 10u}, {0.5, 100u}}) {
    expect_formula(bank, text("cf_ood(alpha=1,k=", format_number(k), ")"),
                   [&, rows = wanted](std::size_t r) { return kappa(bank, r, all, rows); });
  }
  auto drawn = Rng(5).permutation(ToyBank::train_rows);
  drawn.resize(40);
  expect_formula(bank, "cf_ood(alpha=0.2,k=0.05,seed=5)",
                 [&](std::size_t r) { return kappa(bank, r, drawn, 2); });
}

TEST(CfOod, IsOneWhereNoRowReaches) {
  ToyBank bank;
  for (Row& h : bank.train_features) {
    for (double& v : h) v += 10;
  }
  bank.test_features[0].assign(ToyBank::width, 0);
  bank.test_features[0][0] = -1;
  EXPECT_EQ(bank.scores("cf_ood")[0], 1);
}

TEST(CfOod, RefusesWhatDoesNothingAndTooFewRows) {
  EXPECT_THAT(io::error_of([] { Chain("cf_ood(alpha=1,seed=2)"); }),
              testing::HasSubstr("does nothing here"));
  EXPECT_THAT(io::error_of([] { ToyBank().scores("cf_ood(alpha=0.005)"); }),
              testing::HasSubstr("leaves 1 reference rows"));
}

}  // namespace
}  // namespace nescio::detectors
