// The network's answers to the ID rows, and what is measured on them alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "metrics/bounds.h"

namespace nescio::metrics {

/// Row by row.
struct Answers {
  std::vector<std::uint8_t> right;  // 1 where the predicted class is that of the label, otherwise 0
  std::vector<float> confidence;    // softmax probability of that class; empty without logits
};

/// The share of right answers. Throws Error if there is no row.
double accuracy(const Answers& answers);

/// Expected calibration error: sum over bins b of |b| / n |share of right answers in b - mean
/// confidence in b|, in 15 bins ((k - 1) / 15, k / 15] of the confidence (Guo et al., ICML 2017,
/// equation 3). O(rows). Throws Error if there is no row or no confidence.
double expected_calibration_error(const Answers& answers);

/// Wilson's interval of the accuracy.
Bounds accuracy_interval(const Answers& answers, double confidence);

/// weight * (a metric of the answers), a term of a sum. Equal numbers stand for the same rows in the
/// same order, different ones for rows that are independent of each other.
struct AnswersTerm {
  const Answers* answers;
  std::size_t rows;  // their number
  double weight;
};

/// Normal interval of a weighted sum of accuracies, from the weighted sum of each row's answers: what
/// they have in common counts. None where a number has fewer than two rows.
std::optional<Bounds> accuracy_interval(std::span<const AnswersTerm> terms, double confidence);

}  // namespace nescio::metrics
