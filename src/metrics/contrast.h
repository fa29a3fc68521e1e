// Weighted sums of what several scores of the same rows gave: the mean over networks that were
// trained with different seeds, the difference between two ways to train them.
//
// What was measured on the same rows goes up and down together. An interval of a difference that
// does not know it is far too wide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/metrics.h"

namespace nescio {

/// One score's ranking of ID and OOD rows with what was measured on it. The vectors have an entry
/// for each metric of separation, in the order of metrics().
struct MeasuredRows {
  RowRanking rows;
  RowNumbers numbers;
  std::vector<double> values;
  std::vector<std::vector<double>> resampled;  // in each resample; empty where it is not needed
};

/// Measures, and resamples for the metrics that need it; resamples = 0 leaves that out. The
/// bootstrap costs O(resamples * rows).
MeasuredRows measure_rows(RowRanking rows, RowNumbers numbers, const IntervalOptions& options);

struct ContrastTerm {
  const MeasuredRows* of;
  double weight;
};

/// The weighted sum of each metric of separation, in the order of metrics(), with its interval over
/// rows. Error if terms of one number have not the same rows.
std::vector<Measurement> contrast(std::span<const ContrastTerm> terms, double confidence = 0.95);

/// Which rows of an ID set were classified right (1) or wrong (0).
struct AnswerTerm {
  std::span<const std::uint8_t> right;
  std::size_t id_rows;  // number of the rows, as RowNumbers::id
  double weight;
};

/// The same of the ID accuracy.
Measurement contrast(std::span<const AnswerTerm> terms, double confidence = 0.95);

}  // namespace nescio
