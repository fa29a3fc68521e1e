#include "evaluation/evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "base/error.h"
#include "base/interrupt.h"
#include "evaluation/answers.h"
#include "evaluation/imported.h"
#include "evaluation/score_stream.h"
#include "metrics/curves.h"

namespace nescio {
namespace {

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
                                    const std::vector<std::string>& detectors,
                                    const Program& program, const Progress& progress) {
  std::vector<ScoresOfSets> scores(detectors.size());
  for (const SetInfo& set : sets) {
    std::vector<std::vector<T>> of_set(scores.size(), std::vector<T>(set.rows));
    const TakeScores<T> take = [&](std::size_t first, const auto& windows) {
      for (std::size_t d = 0; d < windows.size(); ++d) {
        std::ranges::copy(windows[d], of_set[d].begin() + static_cast<std::ptrdiff_t>(first));
      }
    };
    stream_scores(bank, set.name, program, detectors, take, progress);
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

// What is measured with.
struct Measures {
  const ChosenMetrics& metrics;
  const IntervalOptions& intervals;
  const std::optional<Answers>& answers;  // to the id rows
};

// A role's sets against the id set, the mean behind them.
void append_role(const std::string& role, const std::string& detector,
                 const std::vector<SetInfo>& sets, const SortedRows& id, const ScoresOfSets& scores,
                 const Measures& measures, std::vector<ResultRow>& rows, Ties& ties) {
  std::vector<const SetInfo*> of_role;
  std::vector<RowRanking> rankings;
  std::span<const std::uint8_t> right;
  if (measures.answers) right = measures.answers->right;
  for (std::size_t s = 1; s < sets.size(); ++s) {
    if (sets[s].role != role) continue;
    of_role.push_back(&sets[s]);
    rankings.push_back(rank_rows(id, sort_rows(scores[s], "OOD scores"), right));
    ties.look_at(sets[s].name, rankings.back().ranking);
  }
  if (rankings.empty()) return;
  const SetMeasurements measured =
      measure(std::move(rankings), measures.intervals, measures.metrics);
  for (std::size_t s = 0; s < of_role.size(); ++s) {
    append(rows, detector, *of_role[s], measured.sets[s]);
  }
  append(rows, detector, {mean_of_sets, role}, measured.mean);
}

// Says which of the metrics that were asked for cannot be measured.
void say_left_out(const Measures& measures, const std::string& id, Notices& notices) {
  std::vector<std::string> without_answers, without_confidence;
  for (const Metric* metric : measures.metrics) {
    if (metric->standard) continue;  // as ever, where there are labels
    if (metric->needs_answers && !measures.answers) {
      without_answers.push_back(metric->name);
    } else if (metric->needs_confidence && measures.answers->confidence.empty()) {
      without_confidence.push_back(metric->name);
    }
  }
  const auto say = [&](const std::vector<std::string>& names, const char* what) {
    if (!names.empty()) notices.push_back(text(join(names), " left out: ", id, " has no ", what));
  };
  say(without_answers, "labels, or neither logits nor predictions");
  say(without_confidence, "logits, from which the confidence would follow");
}

void measure_all(const std::vector<ScoresOfSets>& scores, const Measures& measures,
                 Results& results, const Progress& progress, const KeepScores& keep) {
  say_left_out(measures, results.sets[0].name, results.notices);
  std::vector<Measurement> of_answers;
  if (measures.answers) {
    of_answers = measure(*measures.answers, measures.intervals, measures.metrics);
  }
  for (std::size_t d = 0; d < scores.size(); ++d) {
    const std::string& detector = results.detectors[d];
    if (progress) progress("measuring " + detector, d, scores.size());
    check_interrupt();
    append(results.rows, detector, results.sets[0], of_answers);
    Ties ties;
    const SortedRows id = sort_rows(scores[d][0], "ID scores");
    for (const char* role : {"near", "far"}) {
      append_role(role, detector, results.sets, id, scores[d], measures, results.rows, ties);
    }
    ties.say(detector, results.notices);
    for (std::size_t s = 0; keep && s < results.sets.size(); ++s) {
      keep(detector, results.sets[s].name, scores[d][s]);
    }
  }
  results.metrics = {};
  for (const Metric* metric : measures.metrics) {
    const auto is_measured = [&](const ResultRow& row) { return row.metric == metric->name; };
    if (std::ranges::any_of(results.rows, is_measured)) results.metrics.push_back(metric);
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
  const auto answers = answers_of(bank, roles.id);
  std::vector<std::string> fitted, imported;
  for (const std::string& spec : settings.detectors) {
    const auto name = imported_name(spec);
    if (name) check_imported(bank, roles, spec, imported_array(*name));
    (name ? imported : fitted).push_back(spec);
  }
  Results results;
  std::vector<std::string> scored;
  for (const auto& [split, role] : scored_splits(roles)) {
    results.sets.push_back({split, role, bank.rows(split)});
    scored.push_back(split);
  }
  std::vector<ScoresOfSets> scores;
  if (!fitted.empty() || imported.empty()) {
    Fits fits = fit_detectors(bank, roles.fitted(), fitted,
                              {.scored = std::move(scored),
                               .skip_unavailable = settings.skip_unavailable,
                               .executor = settings.executor},
                              progress);
    for (const Chain& chain : fits.chains) results.detectors.push_back(chain.spec());
    const auto program = compile(fits.scores, settings.executor);
    scores = settings.executor.with_type([&](auto zero) {
      return score_all<decltype(zero)>(bank, results.sets, results.detectors, *program, progress);
    });
    results.skipped = std::move(fits.skipped);
    results.notices = std::move(fits.notices);
  }
  results.detectors.insert(results.detectors.end(), imported.begin(), imported.end());
  for (const std::string& spec : imported) {
    scores.push_back(imported_scores(bank, results.sets, spec));
  }
  measure_all(scores, {settings.metrics, settings.intervals, answers}, results, progress, keep);
  return results;
}

}  // namespace nescio
