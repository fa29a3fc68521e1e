#include "evaluation/evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>

#include "base/error.h"
#include "base/interrupt.h"
#include "evaluation/answers.h"
#include "evaluation/ensemble.h"
#include "evaluation/imported.h"
#include "evaluation/score_stream.h"
#include "expr/cost.h"
#include "expr/input_names.h"
#include "metrics/curves.h"

namespace nescio::evaluation {
namespace {

// Scores that are one of all networks together.
template <class T>
std::vector<ScoresOfSets> joint_scores(const bank::BankViews& bank,
                                       const std::vector<std::string>& splits,
                                       const std::vector<std::string>& specs,
                                       const expr::Executor& executor, Results& results,
                                       const Progress& progress) {
  const std::vector<expr::Expr> outputs = ensemble_scores(bank, splits, specs);
  for (std::size_t d = 0; d < specs.size(); ++d) {
    results.costs.push_back({specs[d], expr::operations_per_row(outputs[d])});
  }
  const auto program = compile(outputs, executor);
  const std::vector<std::string> reads = input_names(outputs);
  std::vector<ScoresOfSets> scores(specs.size());
  for (const std::string& split : splits) {
    std::vector<std::vector<T>> of_split(specs.size(), std::vector<T>(bank.at(split).rows));
    const auto faults =
        add_scores(bank.at(split), reads, *program, specs, T{1}, of_split, progress);
    for (std::size_t d = 0; d < specs.size(); ++d) {
      if (!faults[d].empty()) fail(faults[d]);
      scores[d].emplace_back(Shape{bank.at(split).rows}, std::move(of_split[d]));
    }
  }
  return scores;
}

// Scores that stand in the bank already; of an ensemble the mean.
ScoresOfSets imported_scores(const bank::BankViews& bank, const std::vector<SetInfo>& sets,
                             const std::string& spec) {
  const std::string array = imported_array(*imported_name(spec));
  const std::vector<std::string> members = bank.members();
  ScoresOfSets scores;
  for (const SetInfo& set : sets) {
    if (members.size() == 1) {
      scores.push_back(bank.of_member(members[0]).at(set.name).array(array));
      continue;
    }
    std::vector<double> mean(set.rows);
    for (const std::string& member : members) {
      const Array of_member = bank.of_member(member).at(set.name).array(array).to_float64();
      for (std::size_t r = 0; r < set.rows; ++r) {
        mean[r] += of_member.as<double>()[r] / static_cast<double>(members.size());
      }
    }
    scores.emplace_back(Shape{set.rows}, std::move(mean));
  }
  return scores;
}

void append(std::vector<ResultRow>& rows, const std::string& detector, const SetInfo& set,
            const std::vector<metrics::Measurement>& measured) {
  for (const metrics::Measurement& m : measured) {
    rows.push_back({detector, set.name, set.role, m.metric->name, m.value, m.bounds});
  }
}

/// What a detector's scores have in common with those that mean nothing.
class Ties {
 public:
  void look_at(const std::string& set, const metrics::Ranking& ranking) {
    const double share = metrics::tied_pairs(ranking);
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
  const metrics::ChosenMetrics& metrics;
  const metrics::IntervalOptions& intervals;
  const std::optional<metrics::Answers>& answers;  // to the id rows
};

// A role's sets against the id set, the mean behind them.
void append_role(const std::string& role, const std::string& detector,
                 const std::vector<SetInfo>& sets, const metrics::SortedRows& id,
                 const ScoresOfSets& scores, const Measures& measures, std::vector<ResultRow>& rows,
                 Ties& ties) {
  std::vector<const SetInfo*> of_role;
  std::vector<metrics::RowRanking> rankings;
  std::span<const std::uint8_t> right;
  if (measures.answers) right = measures.answers->right;
  for (std::size_t s = 1; s < sets.size(); ++s) {
    if (sets[s].role != role) continue;
    of_role.push_back(&sets[s]);
    rankings.push_back(metrics::rank_rows(id, metrics::sort_rows(scores[s], "OOD scores"), right));
    ties.look_at(sets[s].name, rankings.back().ranking);
  }
  if (rankings.empty()) return;
  const metrics::SetMeasurements measured =
      metrics::measure(std::move(rankings), measures.intervals, measures.metrics);
  for (std::size_t s = 0; s < of_role.size(); ++s) {
    append(rows, detector, *of_role[s], measured.sets[s]);
  }
  append(rows, detector, {mean_of_sets, role}, measured.mean);
}

// Says which of the metrics that were asked for cannot be measured.
void say_left_out(const Measures& measures, const std::string& id, Notices& notices) {
  std::vector<std::string> without_answers, without_confidence;
  for (const metrics::Metric* metric : measures.metrics) {
    if (metric->standard) continue;  // as ever, where there are labels
    if (metric->needs_answers && !measures.answers) {
      without_answers.push_back(metric->name);
    } else if (metric->needs_answers && !can_measure(*metric, *measures.answers)) {
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
  std::vector<metrics::Measurement> of_answers;
  if (measures.answers) {
    of_answers = metrics::measure(*measures.answers, measures.intervals, measures.metrics);
  }
  for (std::size_t d = 0; d < scores.size(); ++d) {
    const std::string& detector = results.detectors[d];
    if (progress) progress("measuring " + detector, d, scores.size());
    check_interrupt();
    append(results.rows, detector, results.sets[0], of_answers);
    Ties ties;
    const metrics::SortedRows id = metrics::sort_rows(scores[d][0], "ID scores");
    for (const char* role : {"near", "far"}) {
      append_role(role, detector, results.sets, id, scores[d], measures, results.rows, ties);
    }
    ties.say(detector, results.notices);
    for (std::size_t s = 0; keep && s < results.sets.size(); ++s) {
      keep(detector, results.sets[s].name, scores[d][s]);
    }
  }
  results.metrics = {};
  for (const metrics::Metric* metric : measures.metrics) {
    const auto is_measured = [&](const ResultRow& row) { return row.metric == metric->name; };
    if (std::ranges::any_of(results.rows, is_measured)) results.metrics.push_back(metric);
  }
  if (progress) progress("measuring", scores.size(), scores.size());
}

// What the threshold from the val rows does to every set, for each detector that can score them.
void add_flagged(const Members& members, const std::string& val,
                 const std::vector<ScoresOfSets>& scores, Results& results,
                 const Progress& progress) {
  std::vector<std::string> able;
  for (const std::string& detector : results.detectors) {
    if (members.missing(detector, val).empty()) able.push_back(detector);
  }
  const std::vector<DetectorScores> of_val = members.score(able, {val}, progress);
  for (std::size_t a = 0; a < able.size(); ++a) {
    if (!of_val[a].fault.empty()) continue;
    const auto place = std::ranges::find(results.detectors, able[a]) - results.detectors.begin();
    for (std::size_t s = 0; s < results.sets.size(); ++s) {
      FlaggedRows rows =
          flagged_rows(of_val[a].sets[0], scores[static_cast<std::size_t>(place)][s]);
      rows.detector = able[a];
      rows.set = results.sets[s].name;
      rows.role = results.sets[s].role;
      results.flagged.push_back(std::move(rows));
    }
  }
}

// Fits the detectors, chooses among their settings where that is asked for, says in `results` which
// they are, and scores every set with them.
std::vector<ScoresOfSets> scores_of(const std::vector<std::string>& specs,
                                    const std::vector<std::string>& splits,
                                    const bank::BankViews& bank, const Roles& roles,
                                    const EvaluationSettings& settings, Results& results,
                                    const Progress& progress) {
  std::vector<detectors::Grid> grids;
  if (settings.sweep) {
    grids = grids_to_try(specs, roles, results.notices);
  } else {
    for (const std::string& spec : specs) grids.push_back(detectors::without_choice(spec));
  }
  const Members members(bank, roles.fitted(), specs_of(grids),
                        {.scored = splits,
                         .skip_unavailable = settings.skip_unavailable || settings.sweep,
                         .executor = settings.executor},
                        progress);
  Choice choice = choose(grids, members, roles, progress);
  if (!choice.skipped.empty() && !settings.skip_unavailable) {
    const detectors::Skipped& skipped = choice.skipped.front();
    fail("[", skipped.detector, "] cannot be evaluated: ", skipped.reason);
  }
  results.notices.insert(results.notices.end(), choice.notices.begin(), choice.notices.end());
  results.skipped = std::move(choice.skipped);
  results.sweep = std::move(choice.sweep);
  std::vector<ScoresOfSets> scores;
  std::vector<DetectorScores> scored = members.score(choice.detectors, splits, progress);
  for (std::size_t d = 0; d < scored.size(); ++d) {
    const std::string& detector = choice.detectors[d];
    if (const std::string& fault = scored[d].fault; !fault.empty()) {
      if (!settings.skip_unavailable) fail(fault);
      results.skipped.push_back({detector, fault});
      std::erase_if(results.sweep.detectors,
                    [&](const SweptDetector& swept) { return swept.chosen == detector; });
      continue;
    }
    results.detectors.push_back(detector);
    results.costs.push_back({detector, members.operations(detector), members.arrays(detector)});
    scores.push_back(std::move(scored[d].sets));
  }
  for (std::string& notice : members.notices(results.detectors)) {
    results.notices.push_back(std::move(notice));
  }
  if (scores.empty()) fail("no detector can score these rows: ", results.skipped.back().reason);
  if (!roles.val.empty() && std::ranges::find(splits, roles.val) == splits.end()) {
    add_flagged(members, roles.val, scores, results, progress);
  }
  return scores;
}

void check_imported(const bank::BankViews& bank, const Roles& roles, const std::string& spec,
                    const std::string& array) {
  for (const std::string& member : bank.members()) {
    const bank::BankViews of_member = bank.of_member(member);
    for (const auto& [split, role] : scored_splits(roles)) {
      if (of_member.has(split, array)) continue;
      fail("[", spec, "] cannot be evaluated: ", split, " has no ", array,
           member.empty() ? "" : " in " + member,
           "; bring the scores in with `nescio import as=", split, " scores=FILE name=...`");
    }
  }
}

}  // namespace

std::string spec_of_scores(const std::string& spec) {
  if (imported_name(spec)) return spec;
  return is_ensemble(spec) ? ensemble_spec(spec) : detectors::Chain(spec).spec();
}

Results evaluate(const bank::BankViews& bank, const Roles& roles,
                 const EvaluationSettings& settings, const Progress& progress,
                 const KeepScores& keep) {
  if (settings.sweep) check_choosers(roles);
  if (!roles.shifted.empty()) {
    const Evaluated whole = full_spectrum(bank, roles);
    return evaluate(whole.bank, whole.roles, settings, progress, keep);
  }
  check_roles(roles, bank);
  const auto answers = answers_of(bank, roles.id, settings.metrics);
  std::vector<std::string> fitted, joint, imported;
  for (const std::string& spec : settings.detectors) {
    const auto name = imported_name(spec);
    if (name) check_imported(bank, roles, spec, imported_array(*name));
    (name ? imported : is_ensemble(spec) ? joint : fitted).push_back(spec);
  }
  Results results;
  std::vector<std::string> splits;
  for (const auto& [split, role] : scored_splits(roles)) {
    results.sets.push_back({split, role, bank.at(split).rows});
    splits.push_back(split);
  }
  std::vector<ScoresOfSets> scores;
  if (!fitted.empty() || (joint.empty() && imported.empty())) {
    scores = scores_of(fitted, splits, bank, roles, settings, results, progress);
  }
  if (!joint.empty()) {
    auto of_all = settings.executor.with_type([&](auto zero) {
      return joint_scores<decltype(zero)>(bank, splits, joint, settings.executor, results,
                                          progress);
    });
    std::ranges::move(of_all, std::back_inserter(scores));
    results.detectors.insert(results.detectors.end(), joint.begin(), joint.end());
  }
  results.detectors.insert(results.detectors.end(), imported.begin(), imported.end());
  for (const std::string& spec : imported) {
    scores.push_back(imported_scores(bank, results.sets, spec));
  }
  measure_all(scores, {settings.metrics, settings.intervals, answers}, results, progress, keep);
  return results;
}

}  // namespace nescio::evaluation
