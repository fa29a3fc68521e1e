// What metrics give on rows, and on weighted sums of what several scores of the same rows gave: the
// mean over OOD sets, or over networks that were trained with different seeds; the difference between
// two ways to train them.
//
// What was measured on the same rows goes up and down together. An interval of a mean or a difference
// that does not know it is wrong.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "metrics/bootstrap.h"
#include "metrics/metrics.h"

namespace nescio::metrics {

/// What one metric gave. No interval was asked for, or the rows do not allow one: bounds are empty.
struct Measurement {
  const Metric* metric = nullptr;
  double value = 0;
  std::optional<Bounds> bounds;
};

/// How intervals are made. resamples = 0 leaves out those that need the bootstrap.
using IntervalOptions = BootstrapOptions;

/// One score's ranking of ID and OOD rows with what was measured on it. The vectors have an entry
/// for each metric.
struct MeasuredRows {
  RowRanking rows;
  RowNumbers numbers;
  ChosenMetrics metrics;  // those of the chosen ones that rankings have
  std::vector<double> values;
  std::vector<std::vector<double>> resampled;  // in each resample; empty where it is not needed
};

/// Measures, and resamples for the metrics that need it. The rankings have the same ID rows, number
/// id_number, which are drawn once for all of them. Metrics that need answers are left out where a
/// ranking has none. The bootstrap costs O(resamples * rows).
std::vector<MeasuredRows> measure_rows(std::vector<RowRanking> rankings, std::size_t id_number,
                                       std::span<const std::size_t> ood_numbers,
                                       const IntervalOptions& options,
                                       const ChosenMetrics& metrics = standard_metrics());
MeasuredRows measure_rows(RowRanking rows, RowNumbers numbers, const IntervalOptions& options,
                          const ChosenMetrics& metrics = standard_metrics());

struct ContrastTerm {
  const MeasuredRows* of;
  double weight;
};

/// The weighted sum of each metric, with its interval. Error if terms of one number have not the
/// same rows, or were measured by other metrics.
std::vector<Measurement> contrast(std::span<const ContrastTerm> terms, double confidence = 0.95);

/// Every metric of ID against several OOD sets, and its plain mean over the sets, whose interval
/// knows that the sets were ranked against the same ID rows.
struct SetMeasurements {
  std::vector<std::vector<Measurement>> sets;
  std::vector<Measurement> mean;
};
SetMeasurements measure(std::vector<RowRanking> rankings, const IntervalOptions& options = {},
                        const ChosenMetrics& metrics = standard_metrics());

/// Of one OOD set.
std::vector<Measurement> measure(RowRanking rows, const IntervalOptions& options = {},
                                 const ChosenMetrics& metrics = standard_metrics());

/// The answers to ID rows with what was measured on them, as MeasuredRows.
struct MeasuredAnswers {
  Answers answers;
  std::size_t number = 0;  // of the rows
  ChosenMetrics metrics = {};
  std::vector<double> values = {};
  std::vector<std::vector<double>> resampled = {};
};

/// Metrics that need more than the answers know are left out.
MeasuredAnswers measure_answers(Answers answers, std::size_t number, const IntervalOptions& options,
                                const ChosenMetrics& metrics = standard_metrics());

struct AnswersContrastTerm {
  const MeasuredAnswers* of;
  double weight;
};

std::vector<Measurement> contrast(std::span<const AnswersContrastTerm> terms,
                                  double confidence = 0.95);

/// Every metric of the ID set alone.
std::vector<Measurement> measure(Answers answers, const IntervalOptions& options = {},
                                 const ChosenMetrics& metrics = standard_metrics());

}  // namespace nescio::metrics
