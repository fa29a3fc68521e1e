#include "evaluation/scored_runs.h"

#include <algorithm>

#include "base/error.h"
#include "evaluation/answers.h"

namespace nescio::evaluation {
namespace {

std::string data_of(const FinishedRun& run, const std::string& split) {
  return run.bank.at(split).rows_are;
}

std::string sets_of(const FinishedRun& run) {
  std::vector<std::string> out;
  for (const auto& [split, role] : scored_splits(run.roles)) out.push_back(role + " " + split);
  return join(out);
}

void check_alike(const FinishedRun& first, const FinishedRun& run) {
  if (sets_of(run) == sets_of(first)) return;
  fail(run.folder, " was evaluated on ", sets_of(run), ", but ", first.folder, " on ",
       sets_of(first), "; only runs on the same sets can be compared");
}

void check_detectors(const ScoredRun& first, const ScoredRun& run) {
  if (run.detectors == first.detectors) return;
  fail(run.run->folder, " has the detectors ", join(run.detectors), ", but ", first.run->folder,
       " has ", join(first.detectors), "; name those to compare with detectors=");
}

// Equal data of a set get equal numbers: that of the first run that has them.
std::vector<metrics::RowNumbers> numbers_of(const FinishedRun& run,
                                            std::span<const FinishedRun* const> runs) {
  const auto sets = scored_splits(run.roles);
  const auto first_with_same = [&](const std::string& split) {
    const auto same = [&](const FinishedRun* other) {
      return data_of(*other, split) == data_of(run, split);
    };
    return static_cast<std::size_t>(std::ranges::find_if(runs, same) - runs.begin());
  };
  std::vector<metrics::RowNumbers> out;
  for (std::size_t s = 0; s < sets.size(); ++s) {
    out.push_back({.id = first_with_same(sets[0].first),
                   .ood = first_with_same(sets[s].first) * sets.size() + s});
  }
  return out;
}

ScoredRun score_run(const FinishedRun& run, EvaluationSettings settings, const Progress& progress) {
  ScoredRun out{.run = &run};
  settings.intervals.resamples = 0;  // those of a single run are not asked for
  if (settings.detectors.empty()) settings.detectors = run.detectors;
  Results results =
      evaluate(run.bank, run.roles, settings, progress,
               [&](const std::string& detector, const std::string& set, const Array& scores) {
                 out.scores.emplace(std::pair(detector, set), scores);
               });
  out.sets = std::move(results.sets);
  out.detectors = std::move(results.detectors);
  out.answers = answers_of(run.bank, run.roles.id, settings.metrics);
  return out;
}

}  // namespace

std::vector<ScoredRun> score_runs(std::span<const FinishedRun* const> runs,
                                  const EvaluationSettings& settings, const Progress& progress) {
  for (const FinishedRun* run : runs) check_alike(*runs[0], *run);
  std::vector<ScoredRun> out;
  for (const FinishedRun* run : runs) {
    if (progress) progress("scoring " + run->folder, out.size(), runs.size());
    out.push_back(score_run(*run, settings, {}));
    out.back().numbers = numbers_of(*run, runs);
    check_detectors(out[0], out.back());
  }
  return out;
}

void check_same_rows(const ScoredRun& a, const ScoredRun& b) {
  for (const SetInfo& set : a.sets) {
    const std::string ours = data_of(*a.run, set.name), theirs = data_of(*b.run, set.name);
    if (ours == theirs) continue;
    fail(set.name, " is ", ours, " in ", a.run->folder, ", but ", theirs, " in ", b.run->folder,
         "; runs are compared row by row");
  }
}

}  // namespace nescio::evaluation
