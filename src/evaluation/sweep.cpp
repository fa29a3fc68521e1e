#include "evaluation/sweep.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/error.h"
#include "metrics/curves.h"

namespace nescio::evaluation {
namespace {

using detectors::Grid;

void add_once(std::vector<std::string>& all, const std::string& one) {
  if (std::ranges::find(all, one) == all.end()) all.push_back(one);
}

/// What the validation rows say of a setting: its AUROC, or why it has none.
struct Verdict {
  double auroc = 0;
  std::string why_not;
};

double mean_auroc(const ScoresOfSets& id_then_ood) {
  double sum = 0;
  for (std::size_t s = 1; s < id_then_ood.size(); ++s) {
    sum += metrics::auroc(metrics::rank(id_then_ood[0], id_then_ood[s]));
  }
  return sum / static_cast<double>(id_then_ood.size() - 1);
}

std::map<std::string, Verdict> try_all(const std::vector<Grid>& grids, const Members& members,
                                       const Roles& roles, const Progress& progress) {
  std::vector<std::string> splits = {roles.val};
  splits.insert(splits.end(), roles.ood_val.begin(), roles.ood_val.end());
  std::map<std::string, Verdict> verdicts;
  std::vector<std::string> scored;
  for (const Grid& grid : grids) {
    for (const std::string& setting : grid.settings) {
      const auto [entry, is_new] = verdicts.try_emplace(setting);
      if (!is_new) continue;
      std::string& why_not = entry->second.why_not;
      if (!members.has(setting)) {
        why_not = members.why_not(setting);
        continue;
      }
      for (const std::string& split : splits) {
        if (why_not.empty()) why_not = members.missing(setting, split);
      }
      if (why_not.empty()) scored.push_back(setting);
    }
  }
  const std::vector<DetectorScores> scores = members.score(scored, splits, progress);
  for (std::size_t d = 0; d < scored.size(); ++d) {
    Verdict& verdict = verdicts.at(scored[d]);
    verdict.why_not = scores[d].fault;
    if (verdict.why_not.empty()) verdict.auroc = mean_auroc(scores[d].sets);
  }
  return verdicts;
}

SweptDetector choose_of(const Grid& grid, const std::map<std::string, Verdict>& verdicts) {
  SweptDetector swept{.asked = grid.asked, .chosen = grid.defaults};
  swept.left_out = grid.left_out;
  double best = -1;
  for (const std::string& setting : grid.settings) {
    const Verdict& verdict = verdicts.at(setting);
    if (!verdict.why_not.empty()) {
      swept.left_out.push_back({setting, verdict.why_not});
      continue;
    }
    swept.tried.push_back({setting, verdict.auroc});
    if (verdict.auroc > best) best = verdict.auroc, swept.chosen = setting;
  }
  return swept;
}

}  // namespace

void check_choosers(const Roles& roles) {
  if (roles.val.empty() || roles.ood_val.empty() || roles.val != roles.id) return;
  fail(roles.val,
       " is named as val and as id, and settings chosen on the rows that are measured say "
       "nothing about new ones; name other rows with val=, or leave out sweep=true");
}

std::vector<Grid> grids_to_try(const std::vector<std::string>& specs, const Roles& roles,
                               Notices& notices) {
  std::vector<Grid> grids;
  const std::string lacks = roles.val.empty() ? "val" : roles.ood_val.empty() ? "ood_val" : "";
  check_choosers(roles);
  for (const std::string& spec : specs) {
    grids.push_back(detectors::grid_of(spec));
    if (lacks.empty()) continue;
    if (grids.back().defaults.empty()) {
      fail("[", spec, "] has lists to choose from on val= and ood_val=, and no ", lacks,
           "= is given; name it, or leave out sweep=true and each setting is a detector");
    }
    grids.back() = detectors::without_choice(grids.back().defaults);
  }
  if (!lacks.empty()) {
    notices.push_back(text("sweep=true chooses on val= and ood_val=, and no ", lacks,
                           "= is given: every detector stays at its defaults"));
  }
  return grids;
}

std::vector<std::string> specs_of(const std::vector<Grid>& grids) {
  std::vector<std::string> specs;
  for (const Grid& grid : grids) {
    for (const std::string& setting : grid.settings) add_once(specs, setting);
    if (!grid.defaults.empty()) add_once(specs, grid.defaults);
  }
  return specs;
}

Choice choose(const std::vector<Grid>& grids, const Members& members, const Roles& roles,
              const Progress& progress) {
  const std::map<std::string, Verdict> verdicts = try_all(grids, members, roles, progress);
  Choice choice;
  choice.sweep = {.val = roles.val, .ood_val = roles.ood_val};
  for (const Grid& grid : grids) {
    SweptDetector swept = choose_of(grid, verdicts);
    if (swept.tried.empty() && !members.has(swept.chosen)) {
      const std::string reason = members.why_not(swept.chosen);
      choice.skipped.push_back(
          {grid.asked, reason.empty() ? swept.left_out.front().reason : reason});
      continue;
    }
    add_once(choice.detectors, swept.chosen);
    if (swept.tried.empty() && swept.left_out.empty()) continue;  // nothing was to be chosen
    if (swept.tried.empty()) {
      choice.notices.push_back(text("[", grid.asked, "] stays as it is: none of its ",
                                    swept.left_out.size(),
                                    " settings can be tried: ", swept.left_out.front().reason));
    }
    choice.sweep.detectors.push_back(std::move(swept));
  }
  return choice;
}

}  // namespace nescio::evaluation
