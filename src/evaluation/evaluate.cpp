#include "evaluation/evaluate.h"

#include <algorithm>

#include "base/error.h"
#include "base/interrupt.h"
#include "evaluation/answers.h"
#include "evaluation/imported.h"
#include "evaluation/score_stream.h"

namespace nescio {
namespace {

std::optional<Predictions> predictions_of(const FeatureBank& bank, const std::string& split) {
  const auto right = right_answers(bank, split);
  if (!right) return std::nullopt;
  return Predictions{.correct = static_cast<std::size_t>(std::ranges::count(*right, 1)),
                     .rows = right->size()};
}

// Scores [detector][set] that stand in the bank already.
template <class T>
void append_imported(const FeatureBank& bank, const std::vector<SetInfo>& sets,
                     const std::vector<std::string>& specs,
                     std::vector<std::vector<std::vector<T>>>& scores) {
  for (const std::string& spec : specs) {
    const std::string name = imported_array(*imported_name(spec));
    scores.emplace_back();
    for (const SetInfo& set : sets) {
      const Array array = bank.array(set.name, name).to_float32();
      const auto values = array.as<float>();
      scores.back().emplace_back(values.begin(), values.end());
    }
  }
}

// Scores of every detector ([detector][set]), all of them from one pass over each set.
template <class T>
std::vector<std::vector<std::vector<T>>> score_all(const FeatureBank& bank,
                                                   const std::vector<SetInfo>& sets,
                                                   const DetectorSet& detectors,
                                                   const Progress& progress) {
  std::vector<std::vector<std::vector<T>>> scores(detectors.detectors.size(),
                                                  std::vector<std::vector<T>>(sets.size()));
  for (std::size_t s = 0; s < sets.size(); ++s) {
    for (auto& of_detector : scores) of_detector[s].resize(sets[s].rows);
    const TakeScores<T> take = [&](std::size_t first, const auto& windows) {
      for (std::size_t d = 0; d < windows.size(); ++d) {
        std::ranges::copy(windows[d], scores[d][s].begin() + static_cast<std::ptrdiff_t>(first));
      }
    };
    stream_scores(bank, sets[s].name, *detectors.program, detectors.detectors, take, progress);
  }
  return scores;
}

void append(std::vector<ResultRow>& rows, const std::string& detector, const SetInfo& set,
            const std::vector<Measurement>& measured) {
  for (const Measurement& m : measured) {
    rows.push_back({detector, set.name, set.role, m.metric->name, m.value, m.bounds});
  }
}

// A role's sets against the id set, the mean behind them.
template <class T>
void append_role(const std::string& role, const std::string& detector,
                 const std::vector<SetInfo>& sets, const std::vector<std::vector<T>>& scores,
                 const IntervalOptions& options, std::vector<ResultRow>& rows) {
  std::vector<const SetInfo*> of_role;
  std::vector<Ranking> rankings;
  for (std::size_t s = 1; s < sets.size(); ++s) {
    if (sets[s].role != role) continue;
    of_role.push_back(&sets[s]);
    rankings.push_back(rank(std::span<const T>(scores[0]), std::span<const T>(scores[s])));
  }
  if (rankings.empty()) return;
  const SetMeasurements measured = measure(rankings, options);
  for (std::size_t s = 0; s < of_role.size(); ++s) {
    append(rows, detector, *of_role[s], measured.sets[s]);
  }
  append(rows, detector, {mean_of_sets, role}, measured.mean);
}

template <class T>
void measure_all(const FeatureBank& bank, const EvaluationSettings& settings,
                 const DetectorSet& detectors, const std::vector<std::string>& imported,
                 const std::optional<Predictions>& predictions, Results& results,
                 const Progress& progress, const KeepScores& keep) {
  std::vector<std::vector<std::vector<T>>> scores;
  if (detectors.program) scores = score_all<T>(bank, results.sets, detectors, progress);
  append_imported(bank, results.sets, imported, scores);
  for (std::size_t d = 0; d < scores.size(); ++d) {
    const std::string& detector = results.detectors[d];
    if (progress) progress("measuring " + detector, d, scores.size());
    check_interrupt();
    if (predictions) {
      append(results.rows, detector, results.sets[0], measure(*predictions, settings.intervals));
    }
    for (const char* role : {"near", "far"}) {
      append_role(role, detector, results.sets, scores[d], settings.intervals, results.rows);
    }
    for (std::size_t s = 0; keep && s < results.sets.size(); ++s) {
      const std::size_t rows = scores[d][s].size();
      keep(detector, results.sets[s].name, Array({rows}, std::move(scores[d][s])));
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
  for (const auto& [split, role] : scored_splits(roles)) {
    results.sets.push_back({split, role, bank.rows(split)});
  }
  if (settings.executor == Executor::reference) {
    measure_all<double>(bank, settings, detectors, imported, predictions, results, progress, keep);
  } else {
    measure_all<float>(bank, settings, detectors, imported, predictions, results, progress, keep);
  }
  return results;
}

}  // namespace nescio
