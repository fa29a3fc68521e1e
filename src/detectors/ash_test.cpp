#include <gmock/gmock.h>

#include <set>

#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

double sum_of(const Row& h) { return std::accumulate(h.begin(), h.end(), 0.0); }

/// The columns of the k largest, the first of equal ones.
std::set<std::size_t> largest(const Row& h, std::size_t k) {
  std::vector<std::size_t> order(h.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return h[a] > h[b]; });
  return {order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k)};
}

Row pruned(const Row& h, std::size_t k) {
  const auto kept = largest(h, k);
  Row out(h.size(), 0);
  for (const std::size_t d : kept) out[d] = h[d];
  return out;
}

Row levelled(const Row& h, std::size_t k) {
  Row out(h.size(), 0);
  for (const std::size_t d : largest(h, k)) out[d] = sum_of(h) / static_cast<double>(k);
  return out;
}

Row scaled(const Row& h, std::size_t k) {
  Row out = pruned(h, k);
  const double part = sum_of(out);
  const double factor = part > 0 ? std::exp(std::clamp(sum_of(h) / part, -80.0, 80.0)) : 1;
  for (double& v : out) v *= factor;
  return out;
}

void expect_ash(const ToyBank& bank) {
  // 12 features: the k = 12 - round(12 p) largest are kept, halves rounded to even.
  for (const auto& [p, k] : {std::pair{0.9, 1u}, {0.65, 4u}, {0.125, 10u}, {0.0, 12u}}) {
    for (const auto& [kind, shape] : {std::pair{"p", &pruned}, {"b", &levelled}, {"s", &scaled}}) {
      const std::string spec = text("ash(kind=", kind, ",p=", p, ")+energy");
      expect_formula(bank, spec, [&, k = k, shape = shape](std::size_t r) {
        return -log_sum_exp(bank.logits(shape(bank.test_features[r], k)));
      });
    }
  }
}

TEST(Ash, KeepsTheLargestFeatures) { expect_ash(ToyBank()); }

TEST(Ash, FollowsTheFormulaForFeaturesOfBothSigns) {
  expect_ash(ToyBank().moved(-1, ToyBank::width));
}

TEST(Ash, KeepsTheFirstOfEqualFeatures) {
  ToyBank bank;
  for (Row& h : bank.test_features) {
    for (double& v : h) v = std::round(v);  // 0, 1, 2 ... many of each
  }
  expect_ash(bank);
}

TEST(Ash, LeavesZeroFeaturesAtZero) {
  ToyBank bank;
  for (Row& h : bank.test_features) h.assign(ToyBank::width, 0.0);
  for (const char* kind : {"p", "b", "s"}) {
    for (const double s : bank.scores(text("ash(kind=", kind, ")+energy"))) {
      EXPECT_NEAR(s, -log_sum_exp(bank.bias), 1e-5) << kind;
    }
  }
}

// e^r lies beyond 1e15 here: the sum of exponentials needs its maximum taken out, in floats, too.
TEST(Ash, SurvivesLargeFactors) {
  ToyBank bank;
  for (Row& h : bank.test_features) {
    for (std::size_t d = 0; d < h.size(); ++d) h[d] = 1 + 0.01 * static_cast<double>(d);
  }
  for (const char* kind : {"p", "b", "s"}) {
    for (const double s : bank.scores(text("ash(kind=", kind, ",p=0.99)+energy"))) {
      EXPECT_TRUE(std::isfinite(s)) << kind;
    }
  }
}

TEST(Ash, ReachesDetectorsThatReadFeatures) {
  const ToyBank bank;
  ToyBank shaped = bank;
  for (auto* rows : {&shaped.train_features, &shaped.test_features}) {
    for (Row& h : *rows) h = scaled(h, 4);
  }
  for (const char* detector : {"mahalanobis", "knn(k=3,normalize=false)", "knn(k=3)"}) {
    const auto expected = shaped.scores(detector, Executor::reference);
    const auto found =
        bank.scores(std::string("ash(kind=s,p=0.65)+") + detector, Executor::reference);
    const auto [low, high] = std::ranges::minmax(expected);
    for (std::size_t r = 0; r < expected.size(); ++r) {
      EXPECT_NEAR(found[r], expected[r], 1e-5 * (high - low)) << detector;
    }
  }
}

}  // namespace
}  // namespace nescio::detectors
