// Runs side by side: arms of runs (one for each seed) against a baseline, or the detectors of one arm, with
// intervals that know that all were evaluated on the same rows.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "evaluation/evaluate.h"
#include "evaluation/finished_run.h"

namespace nescio::evaluation {

/// Runs that were made alike, but for the seed; at least one.
struct Arm {
  std::string name;
  std::vector<FinishedRun> runs;
};

/// Arm or detector less baseline.
struct Difference {
  double value = 0;
  std::optional<metrics::Bounds> over_rows;
  std::optional<metrics::Bounds> over_runs;
};

/// One number of one arm.
struct ComparedRow {
  std::string detector, set, role, metric, arm;
  std::vector<double> runs = {};         // the value of each run
  double mean = 0;                       // of these
  std::optional<double> deviation = {};  // of two runs or more: the standard deviation, n - 1
  std::optional<metrics::Bounds> over_rows = {};  // of the mean
  std::optional<Difference> difference = {};      // none for the baseline itself
};

struct ComparedArm {
  std::string name;
  std::vector<std::string> folders;  // of its runs
};

struct Comparison {
  std::vector<ComparedArm> arms;
  bool of_detectors = false;  // those of one arm stand side by side, and not the arms
  std::size_t baseline = 0;   // among sides()
  std::vector<std::string> detectors;
  std::vector<SetInfo> sets;  // id, near, far, of the first run
  std::vector<ComparedRow>
      rows;  // by detector, set (the mean of a role behind its sets), metric, arm
  metrics::ChosenMetrics metrics = metrics::standard_metrics();
  std::size_t resamples = 0;
  bool same_rows = true;  // whether all runs saw the same rows, not only those that are paired
};

/// What stands side by side: the arms, for each detector; or the detectors, for the arm.
std::vector<std::string> sides(const Comparison& comparison);
const std::string& side_of(const Comparison& comparison, const ComparedRow& row);
/// Whatever they stand side by side for: each detector, or the arm.
std::vector<std::string> subjects(const Comparison& comparison);
const std::string& subject_of(const Comparison& comparison, const ComparedRow& row);

/// Scores every run's rows with the detectors (those of the runs if `settings` names none) and
/// measures each metric by set and as the plain mean over the sets of a role.
///
/// The difference of an arm to the baseline is the mean over their runs, paired in the order given
/// (a single run stands against every run of the other arm), with two 95 % intervals:
///   over_rows  other rows of the same kind, these networks: the contrast() of all runs at once
///   over_runs  other seeds, these rows: Student's t interval of the differences of the pairs; none
///              unless both arms have equally many runs, two or more
///
/// Error, naming what differs, if runs that are compared differ in sets, roles, rows or detectors, or if
/// an arm has neither one run nor as many as the baseline (unless that has one).
Comparison compare_arms(std::span<const Arm> arms, std::size_t baseline,
                        const EvaluationSettings& settings, const Progress& progress = {});

/// The same of the detectors on the runs of one arm: each less the one that is called `baseline`, the first
/// if that is empty. A run stands against itself, so the intervals over rows are those of a paired test of
/// two scores of the same rows (DeLong's of the AUROC), and those over runs of a paired t test. Error if there
/// are fewer than two detectors, or none of this name.
Comparison compare_detectors(const Arm& arm, const std::string& baseline,
                             const EvaluationSettings& settings, const Progress& progress = {});

/// The definitions of the numbers, a sentence each.
std::vector<std::string> definitions(const Comparison& comparison);

}  // namespace nescio::evaluation
