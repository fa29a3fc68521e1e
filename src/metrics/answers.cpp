#include "metrics/answers.h"

#include <algorithm>
#include <array>
#include <cmath>
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

}  // namespace

double accuracy(const Answers& answers) { return share(right_answers(answers)); }

double expected_calibration_error(const Answers& answers) {
  constexpr std::size_t bins = 15;
  if (answers.right.empty() || answers.confidence.size() != answers.right.size()) {
    fail("[metrics] ece: expected the confidence of each of the ", answers.right.size(),
         " ID rows, at least one, found ", answers.confidence.size());
  }
  std::array<double, bins> excess{};  // of each bin: sum of (right - confidence)
  for (std::size_t r = 0; r < answers.right.size(); ++r) {
    const double confidence = answers.confidence[r];
    const auto bin = static_cast<std::size_t>(std::clamp(std::ceil(confidence * bins), 1.0, 15.0));
    excess[bin - 1] += answers.right[r] - confidence;
  }
  double sum = 0;
  for (const double e : excess) sum += std::abs(e);
  return sum / static_cast<double>(answers.right.size());
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
