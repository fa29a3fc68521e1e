#include "metrics/answers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/error.h"
#include "metrics/distributions.h"
#include "metrics/proportion.h"
#include "metrics/row_sums.h"

namespace nescio::metrics {
namespace {

Proportion right_answers(const Answers& answers) {
  if (answers.right.empty()) fail("[metrics] expected at least one labelled ID row, found none");
  return {static_cast<std::size_t>(std::ranges::count(answers.right, 1)), answers.right.size()};
}

void need_confidence(const Answers& answers, const char* metric) {
  if (!answers.right.empty() && answers.confidence.size() == answers.right.size()) return;
  fail("[metrics] ", metric, ": expected the confidence of each of the ", answers.right.size(),
       " ID rows, at least one, found ", answers.confidence.size());
}

void need_probabilities(const Answers& answers, const char* metric) {
  if (!answers.places.empty() && answers.probabilities.cols() > 0) return;
  fail("[metrics] ", metric,
       ": expected the probability of every class for at least one ID row, found ",
       answers.places.size(), " rows of ", answers.probabilities.cols());
}

constexpr std::size_t bins = 15;

/// Of ((k - 1) / 15, k / 15] the k, from 0; a probability of 0 is in the first.
std::size_t bin_of(double probability) {
  return static_cast<std::size_t>(std::clamp(std::ceil(probability * bins), 1.0, 15.0)) - 1;
}

}  // namespace

double accuracy(const Answers& answers) { return share(right_answers(answers)); }

double expected_calibration_error(const Answers& answers) {
  need_confidence(answers, "ece");
  std::array<double, bins> excess{};  // of each bin: sum of (right - confidence)
  for (std::size_t r = 0; r < answers.right.size(); ++r) {
    const double confidence = answers.confidence[r];
    excess[bin_of(confidence)] += answers.right[r] - confidence;
  }
  double sum = 0;
  for (const double e : excess) sum += std::abs(e);
  return sum / static_cast<double>(answers.right.size());
}

double negative_log_likelihood(const Answers& answers) {
  if (answers.log_likelihood.empty()) {
    fail("[metrics] nll: expected the probability of the label of at least one ID row, found none");
  }
  double sum = 0;
  for (const float log_p : answers.log_likelihood) sum -= log_p;
  return sum / static_cast<double>(answers.log_likelihood.size());
}

double classwise_calibration_error(const Answers& answers) {
  need_probabilities(answers, "classwise_ece");
  const std::size_t rows = answers.places.size(), classes = answers.probabilities.cols();
  const auto probabilities = answers.probabilities.as<float>();
  const auto labels = answers.labels.as<std::int64_t>();
  // Of each bin and class: sum of (probability - is the label). Nearly all entries are in the first bin.
  std::vector<double> excess(bins * classes);
  for (const std::size_t place : answers.places) {
    const float* row = probabilities.data() + place * classes;
    for (std::size_t c = 0; c < classes; ++c) {
      const double p = row[c];
      const std::size_t bin = p * bins <= 1 ? 0 : bin_of(p);
      excess[bin * classes + c] += p;
    }
    const auto label = static_cast<std::size_t>(labels[place]);
    excess[bin_of(row[label]) * classes + label] -= 1;
  }
  double sum = 0;
  for (const double e : excess) sum += std::abs(e);
  return sum / static_cast<double>(rows * classes);
}

double risk_coverage_area(const Answers& answers) {
  need_confidence(answers, "id_aurc");
  struct Row {
    float confidence;
    std::uint8_t right;
  };
  std::vector<Row> surest_first;
  for (std::size_t r = 0; r < answers.right.size(); ++r) {
    surest_first.push_back({answers.confidence[r], answers.right[r]});
  }
  std::ranges::sort(surest_first, std::greater<>(), &Row::confidence);
  double wrong = 0;
  double sum = 0;
  for (std::size_t r = 0; r < surest_first.size();) {
    const std::size_t first = r;
    for (; r < surest_first.size() && surest_first[r].confidence == surest_first[first].confidence;
         ++r) {
      wrong += 1 - surest_first[r].right;
    }
    sum += static_cast<double>(r - first) * wrong / static_cast<double>(r);
  }
  return sum / static_cast<double>(surest_first.size());
}

Bounds accuracy_interval(const Answers& answers, double confidence) {
  return wilson_interval(right_answers(answers), confidence);
}

std::optional<Bounds> accuracy_interval(std::span<const AnswersTerm> terms, double confidence) {
  const double z = normal_z(confidence);
  RowSums sums;
  double value = 0;
  Bounds possible;
  for (const AnswersTerm& term : terms) {
    const std::vector<double> right(term.answers->right.begin(), term.answers->right.end());
    value += term.weight * accuracy(*term.answers);
    sums.add(term.rows, term.weight, right);
    (term.weight < 0 ? possible.lower : possible.upper) += term.weight;
  }
  const auto variance = sums.variance_of_means();
  if (!variance) return std::nullopt;
  const double half = z * std::sqrt(*variance);
  return Bounds{std::max(possible.lower, value - half), std::min(possible.upper, value + half)};
}

}  // namespace nescio::metrics
