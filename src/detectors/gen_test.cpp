#include "base/error.h"
#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

double generalised_entropy(const std::vector<double>& z, double gamma, std::size_t m) {
  std::vector<double> terms;
  for (std::size_t c = 0; c < z.size(); ++c) {
    double rest = 0, total = 0;
    for (std::size_t o = 0; o < z.size(); ++o) {
      total += std::exp(z[o]);
      if (o != c) rest += std::exp(z[o]);
    }
    terms.push_back(std::exp(z[c]) / total * rest / total);
  }
  std::vector<std::size_t> order(z.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return z[a] > z[b]; });
  double sum = 0;
  for (std::size_t j = 0; j < std::min(m, z.size()); ++j) sum += std::pow(terms[order[j]], gamma);
  return sum;
}

TEST(Gen, IsThePapersEquation) {
  const ToyBank bank;
  for (const double gamma : {0.1, 0.5, 2.0}) {
    for (const std::size_t m : {1u, 3u, 100u}) {
      expect_formula(bank, text("gen(gamma=", gamma, ",m=", m, ")"), [&](std::size_t r) {
        return generalised_entropy(bank.test_logits[r], gamma, m);
      });
    }
  }
}

TEST(Gen, DoesNotSaturate) {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::test_rows; ++r) {
    bank.test_logits[r] = {30.0 + static_cast<double>(r), 0, 0, 0, 0};  // p = 1 in float32
  }
  const auto scores = bank.scores("gen");
  for (std::size_t r = 1; r < scores.size(); ++r) EXPECT_LT(scores[r], scores[r - 1]);
}

TEST(Gen, NeedsTwoClasses) {
  EXPECT_THROW(Chain("gen").score(make_inputs(1, 0, std::nullopt)), Error);
}

}  // namespace
}  // namespace nescio::detectors
