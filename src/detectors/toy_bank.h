// A small random bank for the tests of single detectors; the formula of the paper is written out in
// each of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "base/rng.h"
#include "detectors/bank_inputs.h"
#include "detectors/chain.h"

namespace nescio::detectors {

struct ToyBank {
  static constexpr std::size_t classes = 5, width = 12, train_rows = 200, test_rows = 40;
  using Row = std::vector<double>;

  std::vector<Row> weight, train_features, train_logits, test_features,
      test_logits;  // all exact in float
  Row bias;
  std::vector<std::int64_t> labels;

  ToyBank() {
    Rng rng(3);
    const auto random_row = [&](std::size_t n, double shift) {
      Row row;
      for (std::size_t i = 0; i < n; ++i) row.push_back(static_cast<float>(rng.normal() + shift));
      return row;
    };
    for (std::size_t c = 0; c < classes; ++c) weight.push_back(random_row(width, 0));
    bias = random_row(classes, 0);
    const auto fill = [&](std::size_t n, std::vector<Row>& features, std::vector<Row>& logits) {
      for (std::size_t r = 0; r < n; ++r) {
        Row h = random_row(width, 0.3 * static_cast<double>(r % classes));
        for (double& v : h) v = std::max(v, 0.0);
        Row z;
        for (std::size_t c = 0; c < classes; ++c) {
          z.push_back(static_cast<float>(
              std::inner_product(h.begin(), h.end(), weight[c].begin(), bias[c])));
        }
        features.push_back(h);
        logits.push_back(z);
      }
    };
    fill(train_rows, train_features, train_logits);
    fill(test_rows, test_features, test_logits);
    for (std::size_t r = 0; r < train_rows; ++r)
      labels.push_back(static_cast<std::int64_t>(r % classes));
  }

  /// W h + b by this head.
  static Row logits(const std::vector<Row>& weight, const Row& bias, const Row& h) {
    Row z = bias;
    for (std::size_t c = 0; c < z.size(); ++c) {
      for (std::size_t d = 0; d < h.size(); ++d) z[c] += weight[c][d] * h[d];
    }
    return z;
  }
  Row logits(const Row& h) const { return logits(weight, bias, h); }

  /// The same bank with logits that know the labels of most training rows; of each class four at least.
  ToyBank informed() const {
    ToyBank bank = *this;
    for (std::size_t r = 0; r < train_rows; ++r) {
      double& own = bank.train_logits[r][static_cast<std::size_t>(labels[r])];
      own = static_cast<float>(own + 10);
    }
    return bank;
  }

  /// The same bank with features far from the origin: `offset` is added to the first `columns`.
  ToyBank moved(double offset, std::size_t columns) const {
    ToyBank bank = *this;
    for (auto* rows : {&bank.train_features, &bank.test_features}) {
      for (Row& h : *rows) {
        for (std::size_t d = 0; d < columns; ++d) h[d] = static_cast<float>(h[d] + offset);
      }
    }
    return bank;
  }

  static Array array(const std::vector<Row>& rows) {
    std::vector<float> flat;
    for (const Row& row : rows) {
      for (const double v : row) flat.push_back(static_cast<float>(v));
    }
    return {{rows.size(), rows.front().size()}, std::move(flat)};
  }

  /// What the probe of any name gives here.
  static std::vector<Row> probed(std::vector<Row> logits) {
    for (Row& row : logits) {
      for (double& v : row) v *= 2;
    }
    return logits;
  }

  /// What the chain gives for the test rows, fitted on the training rows as train and as val, on the test rows as
  /// ood_val.
  Row scores(const std::string& spec, const Executor& executor = Executor::cpu,
             Notices* notices = nullptr) const {
    const HeadTables head{Table(array(weight)), Table(array({bias}))};
    Chain chain(spec);
    statistics::Split split{"toy/train",
                            {{"features", array(train_features)}, {"logits", array(train_logits)}},
                            Array({train_rows}, std::vector<std::int64_t>(labels)),
                            classes};
    std::map<std::string, Array> test{{"features", array(test_features)},
                                      {"logits", array(test_logits)}};
    Widths widths;
    for (const std::string& name : chain.needs().arrays) {
      widths.emplace(name, classes);
      split.arrays.emplace(name, array(probed(train_logits)));
      test.emplace(name, array(probed(test_logits)));
    }
    const Inputs in = make_inputs(classes, width, head, widths);
    statistics::Statistics statistics(split, executor);
    statistics::Statistics ood({"toy/ood", test, {}, classes}, executor);
    chain.fit(in, {&statistics, &statistics, {&ood}});
    if (notices) *notices = chain.notices();
    Row out(test_rows);
    compile({chain.score(in)}, executor)->run(to_batch(test), {out.data()});
    return out;
  }

  /// What there is to say about its fit.
  Notices notices(const std::string& spec) const {
    Notices out;
    scores(spec, Executor::cpu, &out);
    return out;
  }
};

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// The class of the largest logit.
inline std::size_t seen_class(const std::vector<double>& z) {
  return static_cast<std::size_t>(std::ranges::max_element(z) - z.begin());
}

/// x with A x = b by elimination, for A of full rank.
inline std::vector<double> solve(std::vector<std::vector<double>> a, std::vector<double> b) {
  for (std::size_t i = 0; i < b.size(); ++i) {
    std::size_t pivot = i;
    for (std::size_t r = i; r < b.size(); ++r) {
      if (std::abs(a[r][i]) > std::abs(a[pivot][i])) pivot = r;
    }
    std::swap(a[i], a[pivot]);
    std::swap(b[i], b[pivot]);
    for (std::size_t r = 0; r < b.size(); ++r) {
      if (r == i) continue;
      const double factor = a[r][i] / a[i][i];
      for (std::size_t c = i; c < b.size(); ++c) a[r][c] -= factor * a[i][c];
      b[r] -= factor * b[i];
    }
  }
  for (std::size_t i = 0; i < b.size(); ++i) b[i] /= a[i][i];
  return b;
}

inline double log_sum_exp(const std::vector<double>& z) {
  const double largest = std::ranges::max(z);
  double sum = 0;
  for (const double v : z) sum += std::exp(v - largest);
  return largest + std::log(sum);
}

inline double max_probability(std::vector<double> z, double T) {
  for (double& v : z) v /= T;
  return std::exp(std::ranges::max(z) - log_sum_exp(z));
}

/// numpy.percentile, linear.
inline double quantile_of(std::vector<double> values, double q) {
  std::ranges::sort(values);
  const double at = q * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, values.size() - 1);
  return values[low] + (values[high] - values[low]) * (at - static_cast<double>(low));
}

/// formula(row) for each test row, within 1e-9 by the reference executor and 1e-5 by the CPU
/// executor, of the range.
template <class Formula>
void expect_formula(const ToyBank& bank, const std::string& spec, Formula formula,
                    double cpu_tolerance = 1e-5) {
  std::vector<double> expected;
  for (std::size_t r = 0; r < ToyBank::test_rows; ++r) expected.push_back(formula(r));
  const auto [low, high] = std::ranges::minmax(expected);
  for (const auto& [executor, tolerance] :
       {std::pair{Executor::reference, 1e-9}, {Executor::cpu, cpu_tolerance}}) {
    const auto found = bank.scores(spec, executor);
    for (std::size_t r = 0; r < expected.size(); ++r) {
      ASSERT_NEAR(found[r], expected[r], tolerance * (high - low)) << spec << ", row " << r;
    }
  }
}

}  // namespace nescio::detectors
