// OOD detection over the course of a training run, and whether a checkpoint from its middle is better than
// its end.
//
//   e*          = the checkpoint whose metric on validation OOD is best, smoothed over three checkpoints
//   difference  = mean of the last five - e*, on the test sets
//   null        = the same with one of the last five for e*, against the others: what chance does
//
// The claim that an intermediate stage detects better is Zhu et al., Unleashing Mask, ICML 2023,
// arXiv:2306.03715. The best of many noisy values always confirms it, so no minimum over test values is taken.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/array.h"
#include "metrics/measure.h"

namespace nescio::evaluation {

/// What was found with one checkpoint.
struct TracedCheckpoint {
  std::int64_t step = 0;
  // Of the network in evaluation mode: mean cross-entropy and share of right answers on training
  // pictures and on the ID set; NaN where there are no labels.
  double train_loss = 0, train_accuracy = 0, id_loss = 0, id_accuracy = 0;
  std::map<std::pair<std::string, std::string>, Array> scores = {};  // by detector and set, [N]
};

struct TraceSettings {
  std::string id;
  std::vector<std::string> validation, test;  // OOD sets
  metrics::ChosenMetrics metrics = {};
  const metrics::Metric* choose = nullptr;  // one of `metrics`
  metrics::IntervalOptions intervals = {};
};

/// One metric of one detector.
struct TracedMetric {
  const metrics::Metric* metric = nullptr;
  std::map<std::string, std::vector<double>> sets = {};  // the value of each checkpoint
  std::vector<double> validation = {}, test = {};        // plain means over the sets
  double late = 0, chosen = 0;                           // on the test sets
  metrics::Measurement difference = {};                  // late - chosen
  std::vector<metrics::Measurement> null = {};           // of each of the late ones
};

struct TracedDetector {
  std::string detector;
  std::size_t chosen = 0;             // e*, a position among the checkpoints
  std::vector<double> smoothed = {};  // what it was chosen by
  std::vector<TracedMetric> metrics = {};
};

struct Trace {
  std::vector<TracedDetector> detectors = {};
  std::size_t late = 0;  // how many of the last checkpoints stand for the end: five, or half
};

/// The mean over positions i - 1, i, i + 1, as far as they are there.
std::vector<double> smoothed_over_three(std::span<const double> values);

/// `checkpoints` by step. Intervals are bootstrapped over rows, which all checkpoints have in common.
/// Error for fewer than three checkpoints, or no validation or test set.
Trace trace(std::span<const TracedCheckpoint> checkpoints, const TraceSettings& settings);

/// Mean cross-entropy and share of right answers of logits [N, C] for labels [N], in double; rows
/// with a label of -1 do not count, and with none that does both are NaN.
std::pair<double, double> loss_and_accuracy(const Array& logits, const Array& labels);

}  // namespace nescio::evaluation
