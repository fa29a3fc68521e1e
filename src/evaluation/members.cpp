#include "evaluation/members.h"

#include <algorithm>
#include <memory>
#include <set>

#include "base/error.h"
#include "evaluation/score_stream.h"
#include "expr/cost.h"
#include "expr/input_names.h"

namespace nescio::evaluation {

std::size_t Members::Member::find(const std::string& spec) const {
  const auto at = std::ranges::find(fits.chains, spec, &detectors::Chain::spec);
  return static_cast<std::size_t>(at - fits.chains.begin());
}

Members::Members(const bank::BankViews& bank, const detectors::FitSplits& splits,
                 const std::vector<std::string>& specs, const detectors::FitSettings& settings,
                 const Progress& progress)
    : executor_(settings.executor) {
  for (const std::string& name : bank.members()) {
    Member member{.name = name, .bank = bank.of_member(name), .fits = {}};
    member.fits = detectors::fit_detectors(member.bank, splits, specs, settings, progress);
    members_.push_back(std::move(member));
  }
  if (std::ranges::any_of(specs, [&](const std::string& spec) { return has(spec); })) return;
  fail("no detector can be evaluated on every bank: ", specs.front(), ": ", why_not(specs.front()));
}

bool Members::has(const std::string& spec) const {
  return std::ranges::all_of(members_, [&](const Member& member) {
    return member.find(spec) < member.fits.chains.size();
  });
}

std::string Members::why_not(const std::string& spec) const {
  for (const Member& member : members_) {
    for (const detectors::Skipped& skipped : member.fits.skipped) {
      if (skipped.detector == spec) return member.whom() + skipped.reason;
    }
  }
  return {};
}

std::string Members::missing(const std::string& spec, const std::string& split) const {
  for (const Member& member : members_) {
    const detectors::Needs needs = member.fits.chains[member.find(spec)].needs();
    const std::string reason = detectors::missing_in(member.bank.at(split), needs, false);
    if (!reason.empty()) return member.whom() + reason;
  }
  return {};
}

Notices Members::notices(const std::vector<std::string>& specs) const {
  Notices all;
  for (const Member& member : members_) {
    for (const std::string& spec : specs) {
      for (const std::string& notice : member.fits.chains[member.find(spec)].notices()) {
        all.push_back(member.whom() + notice);
      }
    }
    for (const std::string& notice : member.fits.notices) all.push_back(member.whom() + notice);
  }
  return all;
}

double Members::operations(const std::string& spec) const {
  double sum = 0;
  for (const Member& member : members_) {
    sum += expr::operations_per_row(member.fits.scores[member.find(spec)]);
  }
  return sum;
}

std::vector<std::string> Members::arrays(const std::string& spec) const {
  std::set<std::string> names;
  for (const Member& member : members_) {
    const detectors::Needs needs = member.fits.chains[member.find(spec)].needs();
    names.insert(needs.arrays.begin(), needs.arrays.end());
  }
  return {names.begin(), names.end()};
}

template <class T>
std::vector<DetectorScores> Members::score_as(const std::vector<std::string>& specs,
                                              const std::vector<std::string>& splits,
                                              const Progress& progress) const {
  std::vector<std::unique_ptr<expr::Program>> programs;
  std::vector<std::vector<std::string>> reads;
  for (const Member& member : members_) {
    std::vector<expr::Expr> outputs;
    for (const std::string& spec : specs) outputs.push_back(member.fits.scores[member.find(spec)]);
    programs.push_back(compile(outputs, executor_));
    reads.push_back(input_names(outputs));
  }
  const T weight = T{1} / static_cast<T>(members_.size());
  std::vector<DetectorScores> scores(specs.size());
  for (const std::string& split : splits) {
    const std::size_t rows = members_.front().bank.at(split).rows;
    std::vector<std::vector<T>> of_split(specs.size(), std::vector<T>(rows));
    for (std::size_t m = 0; m < members_.size(); ++m) {
      const auto faults = add_scores(members_[m].bank.at(split), reads[m], *programs[m], specs,
                                     weight, of_split, progress);
      for (std::size_t d = 0; d < specs.size(); ++d) {
        if (scores[d].fault.empty()) scores[d].fault = faults[d];
      }
    }
    for (std::size_t d = 0; d < specs.size(); ++d) {
      scores[d].sets.emplace_back(Shape{rows}, std::move(of_split[d]));
    }
  }
  return scores;
}

std::vector<DetectorScores> Members::score(const std::vector<std::string>& specs,
                                           const std::vector<std::string>& splits,
                                           const Progress& progress) const {
  if (specs.empty()) return {};
  return executor_.with_type(
      [&](auto zero) { return score_as<decltype(zero)>(specs, splits, progress); });
}

}  // namespace nescio::evaluation
