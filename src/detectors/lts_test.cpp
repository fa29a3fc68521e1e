#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;
using testing::HasSubstr;

void expect_lts(const ToyBank& bank) {
  // 12 features: the k = 12 - round(12 (1 - p)) largest count, at least one.
  for (const auto& [p, k] : {std::pair{0.01, 1u}, {0.05, 1u}, {0.2, 2u}, {0.875, 10u}}) {
    expect_formula(bank, text("lts(p=", p, ")+energy"), [&, k = k](std::size_t r) {
      Row f = bank.test_features[r], z = bank.test_logits[r];
      for (double& v : f) v = std::max(v, 0.0);
      const double sum = std::accumulate(f.begin(), f.end(), 0.0);
      std::ranges::sort(f, std::greater{});
      const double top = std::accumulate(f.begin(), f.begin() + k, 0.0);
      for (double& v : z) v *= top > 0 ? sum / top * (sum / top) : 1;
      return -log_sum_exp(z);
    });
  }
}

TEST(Lts, ScalesLogitsByTheShareOfTheLargestFeatures) { expect_lts(ToyBank()); }

TEST(Lts, CountsNegativeFeaturesAsZero) { expect_lts(ToyBank().moved(-1, ToyBank::width)); }

TEST(Lts, LeavesLogitsOfRowsWithoutPositiveFeaturesAlone) {
  const ToyBank bank = ToyBank().moved(-100, ToyBank::width);
  EXPECT_EQ(bank.scores("lts+energy"), bank.scores("energy"));
}

TEST(Lts, TakesFeaturesThatWereShapedBefore) {
  const ToyBank bank;
  ToyBank shaped = bank;
  Row all;
  for (const Row& h : bank.train_features) all.insert(all.end(), h.begin(), h.end());
  const double tau = quantile_of(all, 0.8);
  for (std::size_t r = 0; r < ToyBank::test_rows; ++r) {
    for (double& v : shaped.test_features[r]) v = std::min(v, tau);
    shaped.test_logits[r] = shaped.logits(shaped.test_features[r]);
  }
  const auto expected = shaped.scores("lts+energy"), found = bank.scores("react(q=0.8)+lts+energy");
  for (std::size_t r = 0; r < expected.size(); ++r) {
    EXPECT_NEAR(found[r], expected[r], 1e-5 * std::abs(expected[r]));
  }
}

TEST(Lts, IsRefusedWhereItsFactorIsLost) {
  const ToyBank bank;
  for (const char* spec : {"lts+mahalanobis", "lts+she", "lts+react(q=0.8)+energy",
                           "lts+scale+energy", "lts+dice+energy"}) {
    EXPECT_THAT(io::error_of([&] { bank.scores(spec); }), HasSubstr("lts changes nothing that"))
        << spec;
  }
}

}  // namespace
}  // namespace nescio::detectors
