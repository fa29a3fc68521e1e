// The catalogue of metrics: each says what it is, and all are measured by one call.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/bootstrap.h"
#include "metrics/proportion.h"
#include "metrics/ranking.h"

namespace nescio {

/// One metric. Either `of_ranking` (ID against one OOD set) or `of_predictions` (ID set alone) is
/// set; its interval is the one of the same kind, and a metric of a ranking that has none is
/// bootstrapped.
struct Metric {
  std::string name;
  std::string definition;  // one sentence
  std::string positive;    // "ID" or "OOD"; empty where it makes no difference
  std::string ties;        // what equal scores do
  std::string interval;    // how lower and upper come about
  std::string contrast;    // the same of a weighted sum over scores of the same rows
  bool higher_is_better = true;

  std::function<double(const Ranking&)> of_ranking = {};
  // Of the plain mean over rankings with the same ID rows; of one of them, that is its own.
  std::function<std::optional<Bounds>(std::span<const Ranking>, double confidence)>
      ranking_interval = {};
  // Of a weighted sum; one that has none is bootstrapped, too.
  std::function<std::optional<Bounds>(std::span<const RankingTerm>, double confidence)>
      contrast_interval = {};
  std::function<double(const Predictions&)> of_predictions = {};
  std::function<Bounds(const Predictions&, double confidence)> predictions_interval = {};
};

/// All metrics in the order of tables. Adding one = one row in metrics.cpp and its function.
const std::vector<Metric>& metrics();

/// The metric called `name`; throws Error with the nearest name and the list.
const Metric& find_metric(std::string_view name);

/// What one metric gave. No interval was asked for, or the rows do not allow one: bounds are empty.
struct Measurement {
  const Metric* metric = nullptr;
  double value = 0;
  std::optional<Bounds> bounds;
};

/// How intervals are made. resamples = 0 leaves out those that need the bootstrap.
using IntervalOptions = BootstrapOptions;

/// Every metric of ID against several OOD sets, in the order of metrics(), and its plain mean over
/// the sets.
struct SetMeasurements {
  std::vector<std::vector<Measurement>> sets;
  std::vector<Measurement> mean;
};

/// The rankings have the same ID rows, which the intervals of the means take into account. The
/// bootstrap costs O(resamples * rows).
SetMeasurements measure(std::span<const Ranking> rankings, const IntervalOptions& options = {});

/// Of one OOD set.
std::vector<Measurement> measure(const Ranking& ranking, const IntervalOptions& options = {});

/// Every metric of the ID set alone.
std::vector<Measurement> measure(const Predictions& predictions,
                                 const IntervalOptions& options = {});

}  // namespace nescio
