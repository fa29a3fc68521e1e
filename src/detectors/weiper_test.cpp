#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

struct WeiperSettings {
  std::size_t repeats, bins, smoothing, smoothing_perturbed;
  double delta, lambda_1, lambda_2;
};

Row share_of_bins(const Row& values, double low, double high, std::size_t bins) {
  Row share(bins, 0);
  for (const double v : values) {
    if (v < low || v > high) continue;
    std::size_t bin = 0;
    while (bin + 1 < bins && v >= low + (high - low) * double(bin + 1) / double(bins)) ++bin;
    share[bin] += 1 / double(values.size());
  }
  return share;
}

Row smoothed(const Row& x, std::size_t size) {
  Row out;
  for (std::size_t to = 0; to < x.size(); ++to) {
    double sum = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const double from = double(to) - double((size - 1) / 2) + double(i);
      sum += x[static_cast<std::size_t>(std::clamp(from, 0.0, double(x.size() - 1)))];
    }
    out.push_back(sum / double(size));
  }
  return out;
}

Row normalised(Row p, double epsilon) {
  for (double& v : p) v += epsilon;
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& v : p) v /= sum;
  return p;
}

double kl(const Row& p, const Row& q) {
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += p[i] * std::log(p[i] / q[i]);
  return sum;
}

// Values of rows, in bins between the extremes of the training rows.
struct Distribution {
  double low, high;
  std::size_t bins;
  Row mean;

  Distribution(const std::vector<Row>& rows, std::size_t bins_) : bins(bins_), mean(bins_, 0) {
    low = high = rows[0][0];
    for (const Row& row : rows) {
      low = std::min(low, std::ranges::min(row));
      high = std::max(high, std::ranges::max(row));
    }
    for (const Row& row : rows) {
      const Row share = share_of_bins(row, low, high, bins);
      for (std::size_t i = 0; i < bins; ++i) mean[i] += share[i] / double(rows.size());
    }
  }
  double divergence(const Row& row, std::size_t smoothing, double epsilon) const {
    const Row p = normalised(mean, epsilon);
    const Row q = normalised(smoothed(share_of_bins(row, low, high, bins), smoothing), epsilon);
    return kl(p, q) + kl(q, p);
  }
};

Row perturbed_logits(const ToyBank& bank, const Row& h, const WeiperSettings& s) {
  const auto length = [](const Row& x) {
    return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0));
  };
  Row out;
  for (std::size_t i = 0; i < s.repeats * ToyBank::classes; ++i) {
    const std::size_t c = i % ToyBank::classes;
    Rng rng(0, i);
    Row noise;
    for (std::size_t d = 0; d < h.size(); ++d) noise.push_back(rng.normal());
    double sum = bank.bias[c];
    const double factor = s.delta * length(bank.weight[c]) / length(noise);
    for (std::size_t d = 0; d < h.size(); ++d) {
      sum += h[d] * double(static_cast<float>(bank.weight[c][d] + factor * noise[d]));
    }
    out.push_back(sum);
  }
  return out;
}

void expect_weiper(const std::string& spec, const WeiperSettings& s) {
  const ToyBank bank;
  const Distribution features(bank.train_features, s.bins);
  std::vector<Row> train;
  for (const Row& h : bank.train_features) train.push_back(perturbed_logits(bank, h, s));
  const Distribution logits(train, s.bins);
  expect_formula(
      bank, spec,
      [&](std::size_t r) {
        const Row z = perturbed_logits(bank, bank.test_features[r], s);
        double probability = 0;
        for (std::size_t i = 0; i < s.repeats; ++i) {
          const auto first = z.begin() + static_cast<std::ptrdiff_t>(i * ToyBank::classes);
          const Row block(first, first + ToyBank::classes);
          probability += std::exp(std::ranges::max(block) - log_sum_exp(block)) / double(s.repeats);
        }
        return features.divergence(bank.test_features[r], s.smoothing, 0.01) +
               s.lambda_1 * logits.divergence(z, s.smoothing_perturbed, 0.025) -
               s.lambda_2 * probability;
      },
      1e-4);
}

TEST(WeiPer, IsTheDivergenceOfBothDistributionsLessTheProbability) {
  expect_weiper("weiper", {100, 100, 4, 15, 1.8, 2.5, 0.1});
  expect_weiper(
      "weiper(repeats=20,bins=10,smoothing=3,smoothing_perturbed=2,delta=0.5,lambda_1=0.3,"
      "lambda_2=2)",
      {20, 10, 3, 2, 0.5, 0.3, 2});
}

TEST(WeiPer, DependsOnItsSeed) {
  const ToyBank bank;
  EXPECT_NE(bank.scores("weiper(seed=1)"), bank.scores("weiper"));
  EXPECT_EQ(bank.scores("weiper(seed=1)"), bank.scores("weiper(seed=1)"));
}

TEST(WeiPer, RefusesFeaturesThatAreAllTheSame) {
  ToyBank bank;
  for (Row& h : bank.train_features) h.assign(ToyBank::width, 1);
  EXPECT_THAT(io::error_of([&] { bank.scores("weiper"); }),
              testing::HasSubstr("the features of toy/train are all 1"));
}

}  // namespace
}  // namespace nescio::detectors
