#include "evaluation/evaluate.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/interrupt.h"
#include "evaluation/answers.h"
#include "evaluation/imported.h"
#include "evaluation/score_stream.h"
#include "metrics/curves.h"

namespace nescio {
namespace {

std::optional<Predictions> predictions_of(const FeatureBank& bank, const std::string& split) {
  const auto right = right_answers(bank, split);
  if (!right) return std::nullopt;
  return Predictions{.correct = static_cast<std::size_t>(std::ranges::count(*right, 1)),
                     .rows = right->size()};
}

/// Of every set, [N] float32 or float64.
using ScoresOfSets = std::vector<Array>;

// Scores that stand in the bank already.
ScoresOfSets imported_scores(const FeatureBank& bank, const std::vector<SetInfo>& sets,
                             const std::string& spec) {
  ScoresOfSets scores;
  for (const SetInfo& set : sets) {
    scores.push_back(bank.array(set.name, imported_array(*imported_name(spec))));
  }
  return scores;
}

// Scores of every detector, all of them from one pass over each set.
template <class T>
std::vector<ScoresOfSets> score_all(const FeatureBank& bank, const std::vector<SetInfo>& sets,
                                    const DetectorSet& detectors, const Progress& progress) {
  std::vector<ScoresOfSets> scores(detectors.detectors.size());
  for (const SetInfo& set : sets) {
    std::vector<std::vector<T>> of_set(scores.size(), std::vector<T>(set.rows));
    const TakeScores<T> take = [&](std::size_t first, const auto& windows) {
      for (std::size_t d = 0; d < windows.size(); ++d) {
        std::ranges::copy(windows[d], of_set[d].begin() + static_cast<std::ptrdiff_t>(first));
      }
    };
    stream_scores(bank, set.name, *detectors.program, detectors.detectors, take, progress);
    for (std::size_t d = 0; d < scores.size(); ++d) {
      scores[d].emplace_back(Shape{set.rows}, std::move(of_set[d]));
    }
  }
  return scores;
}

void append(std::vector<ResultRow>& rows, const std::string& detector, const SetInfo& set,
            const std::vector<Measurement>& measured) {
  for (const Measurement& m : measured) {
    rows.push_back({detector, set.name, set.role, m.metric->name, m.value, m.bounds});
  }
}

/// What a detector's scores have in common with those that mean nothing.
class Ties {
 public:
  void look_at(const std::string& set, const Ranking& ranking) {
    const double share = tied_pairs(ranking);
    if (share > share_) share_ = share, set_ = set;
  }
  /// Beyond one pair in a hundred the AUROC could be another half per cent.
  void say(const std::string& detector, Notices& notices) const {
    if (share_ < 0.01) return;
    notices.push_back(
        text("[", detector, "] ", set_, ": ", format_number(std::round(1000 * share_) / 10),
             " % of the pairs of an ID and an OOD row have equal scores and count one "
             "half; scores that are rounded, or a parameter under which they vanish, "
             "look like that"));
  }

 private:
  double share_ = 0;
  std::string set_;
};

// A role's sets against the id set, the mean behind them.
void append_role(const std::string& role, const std::string& detector,
                 const std::vector<SetInfo>& sets, const ScoresOfSets& scores,
                 const IntervalOptions& options, std::vector<ResultRow>& rows, Ties& ties) {
  std::vector<const SetInfo*> of_role;
  std::vector<Ranking> rankings;
  for (std::size_t s = 1; s < sets.size(); ++s) {
    if (sets[s].role != role) continue;
    of_role.push_back(&sets[s]);
    rankings.push_back(rank(scores[0], scores[s]));
    ties.look_at(sets[s].name, rankings.back());
  }
  if (rankings.empty()) return;
  const SetMeasurements measured = measure(rankings, options);
  for (std::size_t s = 0; s < of_role.size(); ++s) {
    append(rows, detector, *of_role[s], measured.sets[s]);
  }
  append(rows, detector, {mean_of_sets, role}, measured.mean);
}

void measure_all(const std::vector<ScoresOfSets>& scores, const EvaluationSettings& settings,
                 const std::optional<Predictions>& predictions, Results& results,
                 const Progress& progress, const KeepScores& keep) {
  for (std::size_t d = 0; d < scores.size(); ++d) {
    const std::string& detector = results.detectors[d];
    if (progress) progress("measuring " + detector, d, scores.size());
    check_interrupt();
    if (predictions) {
      append(results.rows, detector, results.sets[0], measure(*predictions, settings.intervals));
    }
    Ties ties;
    for (const char* role : {"near", "far"}) {
      append_role(role, detector, results.sets, scores[d], settings.intervals, results.rows, ties);
    }
    ties.say(detector, results.notices);
    for (std::size_t s = 0; keep && s < results.sets.size(); ++s) {
      keep(detector, results.sets[s].name, scores[d][s]);
    }
  }
  if (progress) progress("measuring", scores.size(), scores.size());
}

void check_imported(const FeatureBank& bank, const Roles& roles, const std::string& spec,
                    const std::string& array) {
  for (const auto& [split, role] : scored_splits(roles)) {
    if (bank.has(split, array)) continue;
    fail("[", spec, "] cannot be evaluated: ", split, " has no ", array,
         "; bring the scores in with `nescio import as=", split, " scores=FILE name=...`");
  }
}

}  // namespace

Results evaluate(const FeatureBank& bank, const Roles& roles, const EvaluationSettings& settings,
                 const Progress& progress, const KeepScores& keep) {
  check_roles(roles, bank);
  const auto predictions = predictions_of(bank, roles.id);
  std::vector<std::string> fitted, imported;
  for (const std::string& spec : settings.detectors) {
    const auto name = imported_name(spec);
    if (name) check_imported(bank, roles, spec, imported_array(*name));
    (name ? imported : fitted).push_back(spec);
  }
  DetectorSet detectors;
  if (!fitted.empty() || imported.empty()) {
    detectors =
        fit_detectors(bank, roles, fitted, settings.skip_unavailable, settings.executor, progress);
  }
  Results results;
  results.detectors = detectors.detectors;
  results.detectors.insert(results.detectors.end(), imported.begin(), imported.end());
  results.skipped = detectors.skipped;
  results.notices = detectors.notices;
  for (const auto& [split, role] : scored_splits(roles)) {
    results.sets.push_back({split, role, bank.rows(split)});
  }
  std::vector<ScoresOfSets> scores;
  if (detectors.program) {
    scores = settings.executor.with_type([&](auto zero) {
      return score_all<decltype(zero)>(bank, results.sets, detectors, progress);
    });
  }
  for (const std::string& spec : imported) {
    scores.push_back(imported_scores(bank, results.sets, spec));
  }
  measure_all(scores, settings, predictions, results, progress, keep);
  return results;
}

}  // namespace nescio
