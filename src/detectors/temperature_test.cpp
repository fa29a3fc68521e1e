#include <gmock/gmock.h>

#include "base/error.h"
#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using testing::HasSubstr;

double cross_entropy(const ToyBank& bank, double beta) {
  double sum = 0;
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
    std::vector<double> z = bank.train_logits[r];
    for (double& v : z) v *= beta;
    sum += log_sum_exp(z) - z[static_cast<std::size_t>(bank.labels[r])];
  }
  return sum / static_cast<double>(ToyBank::train_rows);
}

/// 1 / T where the mean cross-entropy is least, by golden sections: it is convex.
double best_beta(const ToyBank& bank) {
  const double share = 0.5 * (std::sqrt(5.0) - 1);
  double low = 0, high = 100;
  while (high - low > 1e-9) {
    const double a = high - share * (high - low), b = low + share * (high - low);
    if (cross_entropy(bank, a) < cross_entropy(bank, b)) {
      high = b;
    } else {
      low = a;
    }
  }
  return 0.5 * (low + high);
}

ToyBank scaled_logits(double gain) {
  ToyBank bank = ToyBank().informed();
  for (auto& z : bank.train_logits) {
    for (double& v : z) v = static_cast<float>(v * gain);
  }
  return bank;
}

double temperature_of(const ToyBank& bank, Notices* notices = nullptr) {
  const Inputs in = make_inputs(ToyBank::classes, 0, std::nullopt);
  statistics::Statistics val({"toy/val",
                              {{"logits", ToyBank::array(bank.train_logits)}},
                              Array({ToyBank::train_rows}, std::vector<std::int64_t>(bank.labels)),
                              ToyBank::classes},
                             Executor::cpu);
  Chain chain("temperature");
  chain.fit(in, {nullptr, &val});
  if (notices) *notices = chain.notices();
  return chain.learned().at("0.T").as<double>()[0];
}

TEST(Temperature, IsWhereTheCrossEntropyIsLeast) {
  for (const double gain : {0.01, 0.3, 1.0, 20.0}) {
    const ToyBank bank = scaled_logits(gain);
    Notices notices;
    const double beta = 1 / temperature_of(bank, &notices);
    EXPECT_TRUE(notices.empty());
    EXPECT_NEAR(beta, best_beta(bank), 1e-5 * beta) << gain;
    for (const double factor : {0.99, 1.01}) {
      EXPECT_GT(cross_entropy(bank, factor * beta), cross_entropy(bank, beta)) << gain;
    }
  }
}

// A thousand rows of a thousand classes lack a third of these.
TEST(Temperature, NeedsNotEveryClass) {
  ToyBank bank = scaled_logits(1);
  std::ranges::replace(bank.labels, 1, 2);
  Notices notices;
  const double beta = 1 / temperature_of(bank, &notices);
  EXPECT_NEAR(beta, best_beta(bank), 1e-5 * beta);
  EXPECT_THAT(notices, testing::ElementsAre(HasSubstr("no row of 1 of the 5 classes")));
}

TEST(Temperature, GivesTheLogOddsAtIt) {
  const ToyBank bank = ToyBank().informed();
  const double T = temperature_of(bank);
  const auto p = [&](std::size_t r) {
    std::vector<double> z = bank.test_logits[r];
    for (double& v : z) v /= T;
    return std::exp(std::ranges::max(z) - log_sum_exp(z));
  };
  expect_formula(bank, "temperature", [&](std::size_t r) { return std::log((1 - p(r)) / p(r)); });
  expect_formula(bank, "temperature(variant=openood)", [&](std::size_t r) { return -p(r); });
}

TEST(Temperature, DoesNotSaturate) {
  ToyBank bank = ToyBank().informed();
  for (std::size_t r = 0; r < ToyBank::test_rows; ++r) {
    bank.test_logits[r] = {1000.0 + static_cast<double>(r), 0, 0, 0, 0};  // p = 1 in float32
  }
  const auto scores = bank.scores("temperature");
  for (std::size_t r = 1; r < scores.size(); ++r) EXPECT_LT(scores[r], scores[r - 1]);
  const auto saturated = bank.scores("temperature(variant=openood)");
  EXPECT_EQ(saturated[0], saturated[39]);
}

// The likelihood grows for ever.
TEST(Temperature, IsBoundedWhereEveryRowIsRight) {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
    bank.train_logits[r][static_cast<std::size_t>(bank.labels[r])] += 100;
  }
  Notices notices;
  const double T = temperature_of(bank, &notices);
  EXPECT_GT(T, 1e-4);
  EXPECT_LT(T, 1e-1);
  EXPECT_THAT(notices,
              testing::ElementsAre(HasSubstr("hardly a row of toy/val is classified wrong")));
  for (const double s : bank.scores("temperature")) EXPECT_TRUE(std::isfinite(s));
  // One row that is wrong settles it.
  std::swap(bank.train_logits[0][0], bank.train_logits[0][1]);
  const double settled = temperature_of(bank, &notices);
  EXPECT_TRUE(notices.empty());
  EXPECT_GT(settled, 1);
}

// A network that knows less than nothing: its likelihood grows with T for ever.
TEST(Temperature, IsBoundedWhereLabelsAreNoLikelierThanByChance) {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
    bank.train_logits[r][static_cast<std::size_t>(bank.labels[r])] -= 100;
  }
  Notices notices;
  EXPECT_GT(temperature_of(bank, &notices), 1000);
  EXPECT_THAT(notices,
              testing::ElementsAre(HasSubstr("the labels of toy/val are hardly likelier")));
  const auto scores = bank.scores("temperature");
  EXPECT_GT(std::ranges::max(scores), std::ranges::min(scores));
}

TEST(Temperature, RefusesLogitsThatSayNothing) {
  ToyBank bank;
  for (auto& z : bank.train_logits) z.assign(ToyBank::classes, 1.0);
  EXPECT_THAT(io::error_of([&] { temperature_of(bank); }),
              HasSubstr("the logits of each row of toy/val are all the same"));
}

TEST(Temperature, RefusesAnUnlabelledSplitAndASingleClass) {
  ToyBank bank = ToyBank().informed();
  const Inputs in = make_inputs(ToyBank::classes, 0, std::nullopt);
  statistics::Statistics val(
      {"toy/val", {{"logits", ToyBank::array(bank.train_logits)}}, {}, ToyBank::classes},
      Executor::cpu);
  Chain chain("temperature");
  EXPECT_THAT(io::error_of([&] { chain.fit(in, {nullptr, &val}); }), HasSubstr("has no labels"));
  Chain single("temperature");
  single.load({{"0.T", to_array(1.0)}});
  EXPECT_THAT(io::error_of([&] { single.score(make_inputs(1, 0, std::nullopt)); }),
              HasSubstr("expected at least 2 classes, found 1"));
}

}  // namespace
}  // namespace nescio::detectors
