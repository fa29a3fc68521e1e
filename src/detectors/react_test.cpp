#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

TEST(React, CutsFeaturesAtTheQuantile) {
  const ToyBank bank;
  std::vector<double> all;
  for (const auto& h : bank.train_features) all.insert(all.end(), h.begin(), h.end());
  for (const double q : {0.5, 0.9, 0.99}) {
    const double tau = quantile_of(all, q);
    expect_formula(bank, text("react(q=", q, ")+energy"), [&](std::size_t r) {
      auto h = bank.test_features[r];
      for (double& v : h) v = std::min(v, tau);
      return -log_sum_exp(bank.logits(h));
    });
  }
}

TEST(React, FitsWhatComesAfterItOnCutFeatures) {
  const ToyBank bank;
  // With q = 1 nothing is cut, so the detector behind it learns the same; with less it does not.
  EXPECT_EQ(bank.scores("react(q=1)+mahalanobis"), bank.scores("mahalanobis"));
  EXPECT_NE(bank.scores("react(q=0.8)+mahalanobis"), bank.scores("mahalanobis"));
}

TEST(React, RefusesAQuantileThatLeavesAllFeaturesTheSame) {
  const ToyBank bank;  // behind a ReLU: a good part of the features are 0
  EXPECT_THAT(io::error_of([&] { bank.scores("react(q=0.05)+energy"); }),
              testing::AllOf(testing::HasSubstr("is 0, the smallest of them"),
                             testing::HasSubstr("take a larger q")));
  EXPECT_THAT(io::error_of([&] { bank.scores("react(q=0)+knn"); }), testing::HasSubstr("smallest"));
  EXPECT_EQ(io::error_of([&] { bank.scores("react(q=0.5)+energy"); }), "");
}

}  // namespace
}  // namespace nescio::detectors
