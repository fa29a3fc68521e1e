// Runs whose rows have been scored again, so that they can be compared row by row.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/progress.h"
#include "evaluation/evaluate.h"
#include "evaluation/finished_run.h"
#include "metrics/answers.h"
#include "metrics/ranking.h"

namespace nescio::evaluation {

/// A run with all that is compared of it.
struct ScoredRun {
  const FinishedRun* run;
  std::vector<metrics::RowNumbers> numbers = {};  // of the rows of each set, id first
  std::vector<SetInfo> sets = {};                 // id, near, far
  std::vector<std::string> detectors = {};
  std::optional<metrics::Answers> answers = {};  // of the network to the id rows
  std::map<std::pair<std::string, std::string>, Array> scores = {};  // by (detector, set)
};

/// Scores the rows of every run with the detectors of `settings`, or those of the runs if it names
/// none. Equal numbers stand for the same rows: the same pictures by their hash or, where arrays
/// were imported, as many rows with the same labels.
/// Error, naming what differs, unless all have the same sets in the same roles and the same detectors.
std::vector<ScoredRun> score_runs(std::span<const FinishedRun* const> runs,
                                  const EvaluationSettings& settings, const Progress& progress);

/// Error, naming the set, unless both were evaluated on the same rows.
void check_same_rows(const ScoredRun& a, const ScoredRun& b);

}  // namespace nescio::evaluation
