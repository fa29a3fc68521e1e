#include <gmock/gmock.h>

#include <limits>

#include "base/error.h"
#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;
using testing::ElementsAre;
using testing::HasSubstr;

struct OpenmaxSettings {
  std::size_t alpha = 3, tail = 20;
  double euclid_weight = 1, shift = 1;
  bool right_only = true;
};

double openmax_distance(const Row& z, const Row& m, const OpenmaxSettings& settings) {
  double square = 0;
  for (std::size_t c = 0; c < z.size(); ++c) square += (z[c] - m[c]) * (z[c] - m[c]);
  const double angle = 1 - dot(z, m) / std::sqrt(dot(z, z) * dot(m, m));
  return settings.euclid_weight * std::sqrt(square) + (1 - settings.euclid_weight) * angle;
}

struct Weibull {
  double scale, shape, nearest;
};

// The shape by bisection of the likelihood equation, the scale from it.
Weibull most_likely(Row distances, const OpenmaxSettings& settings) {
  std::ranges::sort(distances, std::greater());
  distances.resize(std::min(distances.size(), settings.tail));
  const double nearest = distances.back();
  Row x;
  for (const double d : distances) x.push_back(d - nearest + settings.shift);
  const auto count = static_cast<double>(x.size());
  double mean_log = 0;
  for (const double v : x) mean_log += std::log(v) / count;
  const double largest = std::ranges::max(x);
  const auto equation = [&](double k) {
    double weight = 0, sum = 0;
    for (const double v : x) {
      weight += std::pow(v / largest, k);
      sum += std::pow(v / largest, k) * std::log(v);
    }
    return sum / weight - 1 / k - mean_log;
  };
  double low = 1e-6, high = 1e9;
  for (int i = 0; i < 300; ++i)
    (equation(std::sqrt(low * high)) < 0 ? low : high) = std::sqrt(low * high);
  double mean_power = 0;
  for (const double v : x) mean_power += std::pow(v / largest, low) / count;
  return {largest * std::pow(mean_power, 1 / low), low, nearest};
}

/// Log-odds of the unknown class, and its probability.
std::pair<double, double> unknown(const ToyBank& bank, const Row& z,
                                  const OpenmaxSettings& settings) {
  std::vector<std::size_t> order(z.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return z[a] > z[b]; });
  Row revised = z;
  double u = 0;
  const std::size_t alpha = std::min(settings.alpha, z.size());
  for (std::size_t i = 0; i < alpha; ++i) {
    const std::size_t c = order[i];
    std::vector<Row> rows;
    for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
      const Row& t = bank.train_logits[r];
      const auto seen = static_cast<std::size_t>(std::ranges::max_element(t) - t.begin());
      if (bank.labels[r] != static_cast<std::int64_t>(c)) continue;
      if (seen == c || !settings.right_only) rows.push_back(t);
    }
    Row mean(z.size(), 0);
    for (const Row& t : rows) {
      for (std::size_t j = 0; j < t.size(); ++j) mean[j] += t[j] / static_cast<double>(rows.size());
    }
    Row distances;
    for (const Row& t : rows) distances.push_back(openmax_distance(t, mean, settings));
    const Weibull f = most_likely(distances, settings);
    const double x = openmax_distance(z, mean, settings) - f.nearest + settings.shift;
    const double F = x > 0 ? -std::expm1(-std::pow(x / f.scale, f.shape)) : 0;
    const double taken = z[c] * F * static_cast<double>(alpha - i) / static_cast<double>(alpha);
    revised[c] -= taken;
    u += taken;
  }
  const double odds = u - log_sum_exp(revised);
  return {odds, 1 / (1 + std::exp(-odds))};
}

void expect_openmax(const ToyBank& bank, const std::string& arguments,
                    const OpenmaxSettings& settings) {
  // Logits times the rounding of a probability in float32.
  constexpr double cpu_tolerance = 5e-5;
  const std::string spec = "openmax(" + arguments;
  if (settings.right_only) {
    expect_formula(
        bank, spec + ")",
        [&](std::size_t r) { return unknown(bank, bank.test_logits[r], settings).first; },
        cpu_tolerance);
  }
  expect_formula(
      bank, spec + (settings.right_only ? ",variant=openood)" : ",variant=pytorch_ood)"),
      [&](std::size_t r) { return unknown(bank, bank.test_logits[r], settings).second; },
      cpu_tolerance);
}

TEST(OpenMax, IsThePapersEquation) {
  const ToyBank bank = ToyBank().informed();
  expect_openmax(bank, "alpha=3,tail=20", {});
  expect_openmax(bank, "alpha=1,tail=5", {.alpha = 1, .tail = 5});
  expect_openmax(bank, "alpha=10,tail=1000", {.alpha = 10, .tail = 1000});
  expect_openmax(bank, "alpha=2,tail=8,euclid_weight=0.25",
                 {.alpha = 2, .tail = 8, .euclid_weight = 0.25});
  expect_openmax(bank, "alpha=10,tail=25",
                 {.alpha = 10, .tail = 25, .shift = 10000, .right_only = false});
  expect_openmax(
      bank, "alpha=10,tail=25,euclid_weight=0.5",
      {.alpha = 10, .tail = 25, .euclid_weight = 0.5, .shift = 10000, .right_only = false});
}

TEST(OpenMax, DoesNotSaturate) {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::test_rows; ++r) {
    bank.test_logits[r] = {200.0 + static_cast<double>(r), 0, 0, 0, 0};  // far from every mean
  }
  const auto scores = bank.scores("openmax");
  for (std::size_t r = 1; r < scores.size(); ++r) EXPECT_GT(scores[r], scores[r - 1]);
  const auto saturated = bank.scores("openmax(variant=openood)");
  EXPECT_EQ(saturated[0], saturated[39]);
}

TEST(OpenMax, RevisesTheLastOfEqualLogitsFirst) {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
    if (bank.labels[r] != 1) continue;
    const double spread = 10 + 0.01 * static_cast<double>(r);
    bank.train_logits[r] = {static_cast<float>(r % 2 ? spread : -spread), 51, 50, 0, 50};
  }
  // Near to class 1, far from class 4.
  for (Row& z : bank.test_logits) z = {0, 50, 50, 0, 50};
  EXPECT_NEAR(bank.scores("openmax(alpha=1)")[0], 50 - std::log(2 * std::exp(50.0) + 3), 1e-4);
}

TEST(OpenMax, TakesAllRowsOfAClassThatIsNeverSeenRight) {
  ToyBank bank = ToyBank().informed();
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
    if (bank.labels[r] == 2) bank.train_logits[r][2] = -20;
  }
  EXPECT_THAT(
      bank.notices("openmax"),
      ElementsAre(HasSubstr("of 1 of the 5 classes (2) no row of toy/train is classified")));
  EXPECT_THAT(bank.notices("openmax(variant=pytorch_ood)"), testing::IsEmpty());
  for (const double s : bank.scores("openmax")) EXPECT_TRUE(std::isfinite(s));
}

// One row in a class: its distance is 0, and no distribution is most likely.
TEST(OpenMax, CountsWhateverIsFartherThanRowsThatAreAllTheSame) {
  ToyBank bank = ToyBank().informed();
  const Row same = {0, 0, 0, 7, 0};
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
    if (bank.labels[r] == 3) bank.train_logits[r] = same;
  }
  bank.test_logits[0] = same;
  bank.test_logits[1] = {0, 0, 0, 7.5, 0};
  Notices notices;
  const auto odds = bank.scores("openmax(alpha=1)", Executor::reference, &notices);
  EXPECT_THAT(notices, ElementsAre(HasSubstr("of 1 of the 5 classes (3) the farthest rows")));
  const double F = 1 - std::exp(-1.0);  // at the step itself
  EXPECT_NEAR(odds[0], 7 * F - std::log(std::exp(7 - 7 * F) + 4), 1e-6);
  EXPECT_NEAR(odds[1], 7.5 - std::log(5.0), 1e-6);  // F is 1: the whole logit is taken
  for (const double s : bank.scores("openmax(variant=pytorch_ood)")) {
    EXPECT_TRUE(s >= 0 && s <= 1);
  }
}

TEST(OpenMax, TakesASingleClass) {
  const Inputs in = make_inputs(1, 0, std::nullopt);
  statistics::Statistics train({"toy",
                                {{"logits", Array({4, 1}, std::vector<float>{3, 4, 5, 7})}},
                                Array({4}, std::vector<std::int64_t>(4, 0)),
                                1},
                               Executor::cpu);
  Chain chain("openmax");
  chain.fit(in, {&train, nullptr});
  const std::vector<float> z = {4.75, 9, 30};
  std::vector<double> out(3);
  compile({chain.score(in)}, Executor::cpu)->run({{"logits", {z.data(), 3, 1}}}, {out.data()});
  EXPECT_LT(out[0], out[1]);
  EXPECT_NEAR(out[2], 30, 1e-4);  // all of the only logit is taken
}

TEST(OpenMax, RefusesMeansOfOtherClasses) {
  Chain chain("openmax");
  const Array row = to_array(Matrix(1, 2, 1.0));
  chain.load({{"0.means", to_array(Matrix(2, 2))},
              {"0.location", row},
              {"0.scale", row},
              {"0.shape", row}});
  EXPECT_THAT(io::error_of([&] { chain.score(make_inputs(3, 4, std::nullopt)); }),
              HasSubstr("expected means of 3 classes, found 2"));
}

}  // namespace
}  // namespace nescio::detectors
