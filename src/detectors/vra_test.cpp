#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using testing::HasSubstr;

std::vector<double> all_features(const ToyBank& bank) {
  std::vector<double> all;
  for (const auto& h : bank.train_features) all.insert(all.end(), h.begin(), h.end());
  return all;
}

void expect_vra(const ToyBank& bank, double low, double high) {
  const auto all = all_features(bank);
  const double alpha = quantile_of(all, low), beta = quantile_of(all, high);
  const std::string parameters = text("low=", low, ",high=", high);
  expect_formula(bank, "vra(" + parameters + ")+energy", [&](std::size_t r) {
    auto h = bank.test_features[r];
    for (double& v : h) v = v < alpha ? 0 : v > beta ? beta : v;
    return -log_sum_exp(bank.logits(h));
  });
  expect_formula(bank, "vra(" + parameters + ",variant=openood)+energy", [&](std::size_t r) {
    auto h = bank.test_features[r];
    for (double& v : h) v = v < alpha ? alpha : v > beta ? beta : v;
    return -log_sum_exp(bank.logits(h));
  });
}

TEST(Vra, ZeroesLowFeaturesAndCutsHighOnes) {
  const ToyBank bank;
  for (const auto& [low, high] : {std::pair{0.1, 0.9}, {0.5, 0.95}, {0.6, 1.0}}) {
    expect_vra(bank, low, high);
  }
}

TEST(Vra, TakesNegativeFeaturesAsTheFormulaDoes) {
  expect_vra(ToyBank().moved(-1.5, ToyBank::width), 0.6, 0.9);
}

TEST(Vra, FitsWhatComesAfterItOnChangedFeatures) {
  const ToyBank bank;
  EXPECT_EQ(bank.scores("vra(low=0,high=1)+mahalanobis"), bank.scores("mahalanobis"));
  EXPECT_NE(bank.scores("vra(low=0.6)+mahalanobis"), bank.scores("mahalanobis"));
}

TEST(Vra, SaysWhereItChangesLittle) {
  const ToyBank bank;  // behind a ReLU: a good part of the features are 0
  EXPECT_THAT(bank.notices("vra+energy"), testing::ElementsAre(HasSubstr("none lies below alpha")));
  EXPECT_THAT(bank.notices("vra(low=0,high=1)+energy"),
              testing::ElementsAre(HasSubstr("none of these rows is changed")));
  EXPECT_THAT(bank.notices("vra(low=0.7)+energy"), testing::IsEmpty());
}

TEST(Vra, RefusesQuantilesThatLeaveAllFeaturesTheSame) {
  const ToyBank bank;
  EXPECT_THAT(io::error_of([&] { bank.scores("vra(low=0.01,high=0.05)+energy"); }),
              HasSubstr("all features would become the same"));
  EXPECT_THAT(io::error_of([&] { bank.scores("vra(low=0.9,high=0.9,variant=openood)+energy"); }),
              HasSubstr("and a smaller low"));
  EXPECT_EQ(io::error_of([&] { bank.scores("vra(low=0.9,high=0.9)+energy"); }), "");
  EXPECT_THAT(io::error_of([&] { bank.scores("vra(low=0.9,high=0.8)+energy"); }),
              HasSubstr("at most high"));
}

}  // namespace
}  // namespace nescio::detectors
