// The network's answers to the ID rows, and what is measured on them alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/array.h"
#include "metrics/bounds.h"

namespace nescio::metrics {

/// Row by row.
struct Answers {
  std::vector<std::uint8_t> right;  // 1 where the predicted class is that of the label, otherwise 0
  std::vector<float> confidence;    // softmax probability of that class; empty without logits
  // What classes are measured by, empty where nobody asked for it. Rows that are drawn from these share
  // both arrays.
  Array probabilities = {};                // softmax of the logits, [N, C] float32
  Array labels = {};                       // [N] int64
  std::vector<std::uint32_t> places = {};  // of each answer among the N rows
  /// The logarithm of the label's probability, which may vanish as a float, of each answer.
  std::vector<float> log_likelihood = {};
};

/// The share of right answers. Throws Error if there is no row.
double accuracy(const Answers& answers);

/// Expected calibration error: sum over bins b of |b| / n |share of right answers in b - mean
/// confidence in b|, in 15 bins ((k - 1) / 15, k / 15] of the confidence (Guo et al., ICML 2017,
/// equation 3). O(rows). Throws Error if there is no row or no confidence.
double expected_calibration_error(const Answers& answers);

/// Mean of -log of the probability of the label, in nats. O(rows). Throws Error if there is no row or nobody
/// asked for it.
double negative_log_likelihood(const Answers& answers);

/// Classwise calibration error: the mean over classes c of sum over bins b of |b| / n |share of rows of
/// class c in b - mean probability of c in b|, in 15 bins ((k - 1) / 15, k / 15] of the probability of c,
/// 0 in the first (Kull et al., NeurIPS 2019, arXiv:1910.12656, equation 4). O(rows * C). Throws Error if
/// there is no row or no probability.
double classwise_calibration_error(const Answers& answers);

/// Area under the risk-coverage curve of selective classification: the mean over rows of the share of
/// wrong answers among those whose confidence is no lower (Geifman, Uziel, El-Yaniv, ICLR 2019,
/// arXiv:1805.08206, section 3). O(rows log rows). Throws Error if there is no row or no confidence.
double risk_coverage_area(const Answers& answers);

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
