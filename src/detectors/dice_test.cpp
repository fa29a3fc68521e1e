#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;
using testing::HasSubstr;

/// The weights above the quantile p of W m, where m is the mean of `features`; the others are 0.
std::vector<Row> kept(const ToyBank& bank, const std::vector<Row>& features, double p) {
  Row mean(ToyBank::width, 0), all;
  for (const Row& h : features) {
    for (std::size_t d = 0; d < h.size(); ++d) {
      mean[d] += h[d] / static_cast<double>(features.size());
    }
  }
  for (const Row& w : bank.weight) {
    for (std::size_t d = 0; d < w.size(); ++d) all.push_back(w[d] * mean[d]);
  }
  const double threshold = quantile_of(all, p);
  auto weight = bank.weight;
  for (Row& w : weight) {
    for (std::size_t d = 0; d < w.size(); ++d) {
      if (!(w[d] * mean[d] > threshold)) w[d] = 0;
    }
  }
  return weight;
}

TEST(Dice, KeepsTheWeightsThatContributeMost) {
  const ToyBank bank;
  for (const double p : {0.0, 0.1, 0.5, 0.9, 0.97}) {
    const auto weight = kept(bank, bank.train_features, p);
    expect_formula(bank, text("dice(p=", p, ")+energy"), [&](std::size_t r) {
      return -log_sum_exp(ToyBank::logits(weight, bank.bias, bank.test_features[r]));
    });
  }
}

TEST(Dice, WorksBeforeAndAfterReact) {
  const ToyBank bank;
  Row all;
  for (const Row& h : bank.train_features) all.insert(all.end(), h.begin(), h.end());
  const double tau = quantile_of(all, 0.8);
  const auto cut = [&](Row h) {
    for (double& v : h) v = std::min(v, tau);
    return h;
  };
  std::vector<Row> cut_features;
  for (const Row& h : bank.train_features) cut_features.push_back(cut(h));
  for (const auto& [spec, features] :
       {std::pair{"dice(p=0.7)+react(q=0.8)+energy", &bank.train_features},
        {"react(q=0.8)+dice(p=0.7)+energy", &cut_features}}) {
    const auto weight = kept(bank, *features, 0.7);
    expect_formula(bank, spec, [&](std::size_t r) {
      return -log_sum_exp(ToyBank::logits(weight, bank.bias, cut(bank.test_features[r])));
    });
  }
}

// scale computes logits from those before it, vim reads the head itself.
TEST(Dice, GivesLaterStagesItsHead) {
  const ToyBank bank;
  const auto weight = kept(bank, bank.train_features, 0.7);
  ToyBank masked = bank;
  masked.weight = weight;
  for (const auto& [features, logits] : {std::pair{&masked.train_features, &masked.train_logits},
                                         {&masked.test_features, &masked.test_logits}}) {
    for (std::size_t r = 0; r < features->size(); ++r) {
      (*logits)[r] = ToyBank::logits(weight, bank.bias, (*features)[r]);
    }
  }
  for (const char* detector : {"scale+energy", "vim(dim=6)", "lts+max_logit"}) {
    const auto expected = masked.scores(detector, Executor::reference);
    const auto found = bank.scores(std::string("dice(p=0.7)+") + detector, Executor::reference);
    const auto [low, high] = std::ranges::minmax(expected);
    for (std::size_t r = 0; r < expected.size(); ++r) {
      EXPECT_NEAR(found[r], expected[r], 1e-6 * (high - low)) << detector;
    }
  }
}

TEST(Dice, SaysWhereItLeavesNothing) {
  ToyBank bank;
  EXPECT_THAT(bank.notices("dice(p=0.5)+energy"), testing::IsEmpty());
  EXPECT_THAT(bank.notices("dice(p=0.98)+energy"),
              testing::ElementsAre(HasSubstr("of the 5 classes, whose logits are the same")));
  for (Row& h : bank.train_features) h.assign(ToyBank::width, 0);
  EXPECT_THAT(io::error_of([&] { bank.scores("dice+energy"); }),
              HasSubstr("nothing would be left of the head"));
}

TEST(Dice, IsRefusedBeforeWhatReadsFeaturesAlone) {
  const ToyBank bank;
  EXPECT_THAT(io::error_of([&] { bank.scores("dice+mahalanobis"); }),
              HasSubstr("dice changes nothing that mahalanobis reads"));
}

}  // namespace
}  // namespace nescio::detectors
