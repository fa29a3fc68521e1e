#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

TEST(Scale, ScalesFeaturesByTheShareOfTheLargestOnes) {
  const ToyBank bank;
  // 12 features: the k = 12 - round(12 p) largest count, halves rounded to even.
  for (const auto& [p, k] : {std::pair{0.85, 2u}, {0.65, 4u}, {0.125, 10u}, {0.0, 12u}}) {
    expect_formula(bank, text("scale(p=", p, ")+energy"), [&, k = k](std::size_t r) {
      auto h = bank.test_features[r];
      std::ranges::sort(h, std::greater{});
      const double top =
          std::accumulate(h.begin(), h.begin() + static_cast<std::ptrdiff_t>(k), 0.0);
      const double factor = std::exp(std::accumulate(h.begin(), h.end(), 0.0) / top);
      std::vector<double> z;
      for (std::size_t c = 0; c < ToyBank::classes; ++c) {
        z.push_back(factor * (bank.test_logits[r][c] - bank.bias[c]) + bank.bias[c]);
      }
      return -log_sum_exp(z);
    });
  }
}

TEST(Scale, ReachesDetectorsThatReadFeatures) {
  const ToyBank bank;
  ToyBank scaled = bank;
  for (auto* rows : {&scaled.train_features, &scaled.test_features}) {
    for (auto& h : *rows) {
      auto sorted = h;
      std::ranges::sort(sorted, std::greater{});
      const double factor =
          std::exp(std::accumulate(h.begin(), h.end(), 0.0) / (sorted[0] + sorted[1]));
      for (double& v : h) v *= factor;
    }
  }
  for (const char* detector : {"mahalanobis", "knn(k=3,normalize=false)", "relative_mahalanobis"}) {
    const auto expected = scaled.scores(detector, Executor::reference);
    const auto found = bank.scores(std::string("scale+") + detector, Executor::reference);
    const auto [low, high] = std::ranges::minmax(expected);
    for (std::size_t r = 0; r < expected.size(); ++r) {
      EXPECT_NEAR(found[r], expected[r], 1e-5 * (high - low)) << detector;
    }
  }
}

TEST(Scale, FollowsTheFormulaWhereTheSumIsNegative) {
  ToyBank bank;
  for (auto& h : bank.test_features) {
    for (std::size_t d = 2; d < h.size(); ++d) h[d] = static_cast<float>(h[d] - 2);
  }
  expect_formula(bank, "scale+max_logit", [&](std::size_t r) {
    auto h = bank.test_features[r];
    const double sum = std::accumulate(h.begin(), h.end(), 0.0);
    std::ranges::sort(h, std::greater{});
    const double top = h[0] + h[1];
    const double factor = top > 0 ? std::exp(std::clamp(sum / top, -80.0, 80.0)) : 1;
    double largest = -1e300;
    for (std::size_t c = 0; c < ToyBank::classes; ++c) {
      largest = std::max(largest, factor * (bank.test_logits[r][c] - bank.bias[c]) + bank.bias[c]);
    }
    return -largest;
  });
}

TEST(Scale, LeavesLogitsOfZeroFeaturesAlone) {
  ToyBank bank;
  for (auto& h : bank.test_features) h.assign(ToyBank::width, 0.0);
  const auto scaled = bank.scores("scale+max_logit");
  const auto plain = bank.scores("max_logit");
  for (std::size_t r = 0; r < plain.size(); ++r) EXPECT_NEAR(scaled[r], plain[r], 1e-5);
}

}  // namespace
}  // namespace nescio::detectors
