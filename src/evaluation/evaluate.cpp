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
#include "expr/input_names.h"
#include "metrics/curves.h"

namespace nescio::evaluation {
namespace {

/// Of every set, [N] float32 or float64.
using ScoresOfSets = std::vector<Array>;

/// One network of an ensemble, or the only one, with the detectors that were fitted on what it says.
struct Member {
  std::string name;
  bank::BankViews bank;
  std::vector<std::string> detectors;      // specs of what could be fitted
  std::unique_ptr<expr::Program> program;  // one output for each of them
  std::vector<std::string> reads;          // its inputs
  std::vector<detectors::Skipped> skipped;
  Notices notices;
};

std::vector<Member> fit_members(const bank::BankViews& bank, const Roles& roles,
                                const std::vector<std::string>& specs,
                                const EvaluationSettings& settings, const Progress& progress) {
  detectors::FitSettings fit{.skip_unavailable = settings.skip_unavailable,
                             .executor = settings.executor};
  for (const auto& [split, role] : scored_splits(roles)) fit.scored.push_back(split);
  std::vector<Member> members;
  for (const std::string& name : bank.members()) {
    Member member;
    member.name = name;
    member.bank = bank.of_member(name);
    detectors::Fits fits =
        detectors::fit_detectors(member.bank, roles.fitted(), specs, fit, progress);
    for (const detectors::Chain& chain : fits.chains) member.detectors.push_back(chain.spec());
    member.program = compile(fits.scores, settings.executor);
    member.reads = input_names(fits.scores);
    member.skipped = std::move(fits.skipped);
    member.notices = std::move(fits.notices);
    members.push_back(std::move(member));
  }
  return members;
}

/// "seed1.bank: " before what is to be said of one of several.
std::string of_whom(const Member& member) { return member.name.empty() ? "" : member.name + ": "; }

/// All networks at once, for the scores that are one of all of them.
Member fit_ensemble(const bank::BankViews& bank, const Roles& roles,
                    const std::vector<std::string>& specs, const EvaluationSettings& settings) {
  std::vector<std::string> splits;
  for (const auto& [split, role] : scored_splits(roles)) splits.push_back(split);
  const std::vector<expr::Expr> scores = ensemble_scores(bank, splits, specs);
  Member all;
  all.bank = bank;
  all.detectors = specs;
  all.program = compile(scores, settings.executor);
  all.reads = input_names(scores);
  return all;
}

// What all of them have; what some lack is skipped.
void list_detectors(const std::vector<Member>& members, Results& results) {
  for (const std::string& detector : members.front().detectors) {
    const auto has = [&](const Member& member) {
      return std::ranges::count(member.detectors, detector) > 0;
    };
    if (std::ranges::all_of(members, has)) results.detectors.push_back(detector);
  }
  for (const Member& member : members) {
    for (const detectors::Skipped& skipped : member.skipped) {
      const auto same = [&](const detectors::Skipped& other) {
        return other.detector == skipped.detector;
      };
      if (std::ranges::any_of(results.skipped, same)) continue;
      results.skipped.push_back({skipped.detector, of_whom(member) + skipped.reason});
    }
    for (const std::string& notice : member.notices) {
      results.notices.push_back(of_whom(member) + notice);
    }
  }
  if (results.detectors.empty()) {
    fail("no detector can be evaluated on every bank: ", results.skipped.front().detector, ": ",
         results.skipped.front().reason);
  }
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

// Scores of every detector, all of them from one pass over each set; of an ensemble the mean.
template <class T>
std::vector<ScoresOfSets> score_all(const std::vector<Member>& members,
                                    const std::vector<SetInfo>& sets,
                                    const std::vector<std::string>& detectors,
                                    const Progress& progress) {
  const T weight = T{1} / static_cast<T>(members.size());
  std::vector<ScoresOfSets> scores(detectors.size());
  for (const SetInfo& set : sets) {
    std::vector<std::vector<T>> of_set(scores.size(), std::vector<T>(set.rows));
    for (const Member& member : members) {
      const TakeScores<T> take = [&](std::size_t first, const auto& windows) {
        for (std::size_t d = 0; d < detectors.size(); ++d) {
          const auto at = std::ranges::find(member.detectors, detectors[d]);
          const auto& window = windows[static_cast<std::size_t>(at - member.detectors.begin())];
          for (std::size_t i = 0; i < window.size(); ++i) {
            of_set[d][first + i] += weight * window[i];
          }
        }
      };
      stream_scores(member.bank.at(set.name), member.reads, *member.program, member.detectors, take,
                    progress);
    }
    for (std::size_t d = 0; d < scores.size(); ++d) {
      scores[d].emplace_back(Shape{set.rows}, std::move(of_set[d]));
    }
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
  std::vector<Member> members;
  if (!fitted.empty() || (joint.empty() && imported.empty())) {
    members = fit_members(bank, roles, fitted, settings, progress);
    list_detectors(members, results);
  }
  const std::vector<std::string> scored = results.detectors;
  std::vector<Member> ensemble;
  if (!joint.empty()) ensemble.push_back(fit_ensemble(bank, roles, joint, settings));
  results.detectors.insert(results.detectors.end(), joint.begin(), joint.end());
  results.detectors.insert(results.detectors.end(), imported.begin(), imported.end());
  for (const auto& [split, role] : scored_splits(roles)) {
    results.sets.push_back({split, role, bank.at(split).rows});
  }
  std::vector<ScoresOfSets> scores;
  const auto add_scores = [&](const std::vector<Member>& of,
                              const std::vector<std::string>& specs) {
    if (of.empty()) return;
    auto more = settings.executor.with_type(
        [&](auto zero) { return score_all<decltype(zero)>(of, results.sets, specs, progress); });
    std::ranges::move(more, std::back_inserter(scores));
  };
  add_scores(members, scored);
  add_scores(ensemble, joint);
  for (const std::string& spec : imported) {
    scores.push_back(imported_scores(bank, results.sets, spec));
  }
  measure_all(scores, {settings.metrics, settings.intervals, answers}, results, progress, keep);
  return results;
}

}  // namespace nescio::evaluation
