#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

double distance_between(const Row& a, const Row& b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return std::sqrt(sum);
}

// The sum over the boundaries with other classes, and how many there are.
std::pair<double, double> boundaries(const ToyBank& bank, std::size_t row) {
  const Row& z = bank.test_logits[row];
  const auto seen = static_cast<std::size_t>(std::ranges::max_element(z) - z.begin());
  double sum = 0, count = 0;
  for (std::size_t c = 0; c < z.size(); ++c) {
    const double apart = distance_between(bank.weight[seen], bank.weight[c]);
    if (apart == 0) continue;
    sum += (z[seen] - z[c]) / apart;
    count += 1;
  }
  return {sum, count};
}

Row mean_feature(const ToyBank& bank) {
  Row mu(ToyBank::width, 0);
  for (const Row& h : bank.train_features) {
    for (std::size_t d = 0; d < h.size(); ++d) mu[d] += h[d] / double(ToyBank::train_rows);
  }
  return mu;
}

void expect_fdbd(const ToyBank& bank) {
  const Row mu = mean_feature(bank), zero(ToyBank::width, 0);
  const auto divided = [&](std::size_t r, const Row& from, bool by_count) {
    const auto [sum, count] = boundaries(bank, r);
    return -sum / (by_count ? count : 1) / distance_between(bank.test_features[r], from);
  };
  expect_formula(bank, "fdbd", [&](std::size_t r) { return divided(r, mu, true); });
  expect_formula(bank, "fdbd(normalizer=norm)",
                 [&](std::size_t r) { return divided(r, zero, true); });
  expect_formula(bank, "fdbd(variant=openood)",
                 [&](std::size_t r) { return divided(r, mu, false); });
}

TEST(Fdbd, IsTheDistanceToTheBoundaries) { expect_fdbd(ToyBank()); }

TEST(Fdbd, LeavesOutBoundariesThatAreNotThere) {
  ToyBank bank;
  bank.weight[3] = bank.weight[1];
  expect_fdbd(bank);
  EXPECT_THAT(bank.notices("fdbd"), testing::ElementsAre(testing::HasSubstr("classes 1, 3")));
  for (Row& w : bank.weight) w = bank.weight[0];
  EXPECT_THAT(io::error_of([&] { bank.scores("fdbd"); }), testing::HasSubstr("at least 2 classes"));
}

TEST(Fdbd, OfAZeroFeatureIsFinite) {
  ToyBank bank;
  bank.test_features[0].assign(ToyBank::width, 0);
  EXPECT_TRUE(std::isfinite(bank.scores("fdbd(normalizer=norm)")[0]));
}

}  // namespace
}  // namespace nescio::detectors
