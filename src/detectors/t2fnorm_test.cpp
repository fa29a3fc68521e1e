#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

TEST(T2FNorm, DividesFeaturesByTheTemperature) {
  const ToyBank bank;
  for (const double tau : {0.1, 0.5, 2.0}) {
    const auto logits = [&](std::size_t r) {
      auto h = bank.test_features[r];
      for (double& v : h) v /= tau;
      return bank.logits(h);
    };
    expect_formula(bank, text("t2fnorm(tau=", tau, ")+energy"),
                   [&](std::size_t r) { return -log_sum_exp(logits(r)); });
    expect_formula(bank, text("t2fnorm(tau=", tau, ")+msp"), [&](std::size_t r) {
      auto z = logits(r);
      std::ranges::sort(z);
      const double largest = z.back();
      z.pop_back();
      return log_sum_exp(z) - largest;
    });
  }
}

TEST(T2FNorm, StandsBeforeAndAfterOtherShapers) {
  const ToyBank bank;
  const auto before = bank.scores("t2fnorm(tau=0.5)+react(q=0.8)+energy", Executor::reference);
  const auto after = bank.scores("react(q=0.8)+t2fnorm(tau=0.5)+energy", Executor::reference);
  for (std::size_t r = 0; r < before.size(); ++r) EXPECT_NEAR(before[r], after[r], 1e-12);
}

TEST(T2FNorm, IsRefusedWhereAFactorOfAllRowsTellsNothing) {
  const ToyBank bank;
  for (const char* detector : {"mahalanobis", "knn"}) {
    EXPECT_THAT(io::error_of([&] { bank.scores(std::string("t2fnorm+") + detector); }),
                testing::HasSubstr("t2fnorm changes nothing that"));
  }
}

}  // namespace
}  // namespace nescio::detectors
