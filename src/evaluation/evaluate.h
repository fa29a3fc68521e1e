// The whole evaluation of detectors on a bank: fit, score, measure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/array.h"
#include "base/notice.h"
#include "base/progress.h"
#include "detectors/fitting.h"
#include "evaluation/roles.h"
#include "evaluation/sweep.h"
#include "evaluation/thresholds.h"
#include "metrics/measure.h"

namespace nescio::evaluation {

struct EvaluationSettings {
  std::vector<std::string>
      detectors;       // specs, ensemble(...) and imported(...) among them; lists only in a sweep
  bool sweep = false;  // choose() on the validation rows what of each is measured
  bool skip_unavailable =
      false;  // leave out detectors that lack an array or cannot take these rows
  expr::Executor executor = expr::Executor::cpu;
  metrics::ChosenMetrics metrics = metrics::standard_metrics();
  metrics::IntervalOptions intervals;
};

/// `set` of the rows that are the plain mean over the sets of a role.
inline constexpr const char* mean_of_sets = "mean";

/// One number. Without bounds where no interval was asked for or the rows do not allow one.
struct ResultRow {
  std::string detector, set, role, metric;
  double value = 0;
  std::optional<metrics::Bounds> bounds;
};

struct SetInfo {
  std::string name, role;
  std::size_t rows = 0;
};

/// What the scores of a row cost once the network has seen it.
struct DetectorCost {
  std::string detector;
  double operations = 0;  // of a row (expr/cost.h); of several networks all of them
  std::vector<std::string> arrays =
      {};  // that it reads beside logits and features: their cost is not in it
};

struct Results {
  std::vector<std::string>
      detectors;  // in the order asked for; ensembles, then imported ones last; of a sweep the chosen
  std::vector<SetInfo> sets;        // id, near, far
  std::vector<ResultRow> rows;      // by detector, then as `sets`, the mean of a role behind it
  std::vector<DetectorCost> costs;  // of those that were scored here, in their order
  // What the threshold from the val split does to every set, where val is named and no set of the run.
  std::vector<FlaggedRows> flagged;
  std::vector<detectors::Skipped> skipped;
  Sweep sweep;      // what was chosen, where it was asked for and the roles allow it
  Notices notices;  // what to know about the detectors and their scores
  metrics::ChosenMetrics metrics = metrics::standard_metrics();  // those that were measured
};

/// What a spec is called everywhere: ensemble(...) and imported(...) as they are, others as detectors::Chain
/// has it. Error as these have it.
std::string spec_of_scores(const std::string& spec);

/// Gets the scores of one detector on one set, [N]: float32 or float64, as the executor computes; imported
/// ones as they are in the bank.
using KeepScores =
    std::function<void(const std::string& detector, const std::string& set, const Array& scores)>;

/// All detectors are one program over one graph and run over every set once. On banks side by side they
/// are fitted on each, and a row's score is the mean. Shifted splits count as ID (full_spectrum()). Holds one
/// score for each detector and row. A sweep fits all settings side by side and tries them in one program
/// more; those that are chosen are not fitted again. What is measured on the network's answers stands under
/// every detector with the role id; it is left out
/// where the id set has no logits or labels (none at all, or all -1).
/// Error as check_roles(), fit_detectors() and grids_to_try(), and for a label of the id set outside 0 .. C-1.
Results evaluate(const bank::BankViews& bank, const Roles& roles,
                 const EvaluationSettings& settings, const Progress& progress = {},
                 const KeepScores& keep = {});

}  // namespace nescio::evaluation
