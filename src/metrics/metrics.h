// The catalogue of metrics: each says what it is and what it is read from.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/parameters.h"
#include "metrics/answers.h"
#include "metrics/bounds.h"
#include "metrics/ranking.h"

namespace nescio::metrics {

/// One metric. Either `of_ranking` (ID rows against those of one OOD set) or `of_answers` (ID rows
/// alone) is set. Intervals that are left out are bootstrapped.
struct Metric {
  std::string name;        // of a family with its level, as ccr(fpr=0.01)
  std::string definition;  // one sentence
  std::string positive;    // "ID" or "OOD"; empty where it makes no difference
  std::string ties;        // what equal scores do
  std::string interval;    // how lower and upper come about
  std::string contrast;    // the same of a weighted sum over scores of the same rows
  std::string unit = {};   // of a value that is no share, as "nats"
  bool higher_is_better = true;
  bool standard = true;           // measured unless others are asked for
  bool needs_answers = false;     // which ID rows were classified right
  bool needs_confidence = false;  // and how sure the network was
  bool needs_classes = false;     // and the probability of every class
  bool needs_scores = false;      // the scores themselves, not only their order

  // Of metrics that differ in one number, what a spec calls all of them ("ccr"), the number, and the
  // metric at another one.
  std::string family = {};
  ParameterInfo level = {};
  std::function<Metric(double)> at = {};

  std::function<double(const Ranking&)> of_ranking = {};
  // Of a weighted sum; that of one term with weight 1 is the metric's own.
  std::function<std::optional<Bounds>(std::span<const RankingTerm>, double confidence)>
      ranking_interval = {};

  std::function<double(const Answers&)> of_answers = {};
  std::function<std::optional<Bounds>(const Answers&, double confidence)> answers_interval = {};
  std::function<std::optional<Bounds>(std::span<const AnswersTerm>, double confidence)>
      answers_contrast = {};
};

/// All metrics in the order of tables, of a family one. Adding one = one row in metrics.cpp and its function.
const std::vector<Metric>& metrics();

/// The metric called `name`, or that of a family, as fpr_id(tpr=0.9); it stays as long as the program
/// runs. Throws Error with the nearest name and the list, and for a level out of range.
const Metric& find_metric(std::string_view name);

/// Whether the answers say what the metric reads of them.
bool can_measure(const Metric& metric, const Answers& answers);

/// Metrics in the order of the catalogue.
using ChosenMetrics = std::vector<const Metric*>;

/// Those that are always measured, and the further ones that are named, of which `all` stands for
/// every one of metrics(). Error as find_metric().
ChosenMetrics standard_metrics(std::span<const std::string> further = {});

}  // namespace nescio::metrics
