#include "evaluation/detector_set.h"

#include <set>

#include "base/error.h"
#include "base/interrupt.h"
#include "detectors/saved_detector.h"

namespace nescio {
namespace {

// The splits that the detector learns from.
std::vector<std::string> fitted_splits(const Chain& chain, const Roles& roles) {
  std::vector<std::string> out;
  if (chain.fits_on("train")) out.push_back(roles.train);
  if (chain.fits_on("val")) out.push_back(roles.val);
  return out;
}

std::unique_ptr<Statistics> statistics_of(const BankViews& bank, const std::string& split,
                                          const std::vector<std::string>& arrays,
                                          const Executor& executor) {
  if (split.empty()) return nullptr;
  Split rows = read_split(bank, split, arrays);
  if (rows.arrays.empty()) return nullptr;  // missing_for() says so to those who learn from it
  return std::make_unique<Statistics>(std::move(rows), executor);
}

// What some of the chains read.
std::vector<std::string> arrays_of(const std::vector<Chain>& chains) {
  std::set<std::string> names = {"features"};  // which stand for logits that are not there
  for (const Chain& chain : chains) {
    for (const std::string& name : chain.needs().inputs()) names.insert(name);
  }
  return {names.begin(), names.end()};
}

}  // namespace

std::string missing_for(const Chain& chain, const BankViews& bank, const Roles& roles) {
  const auto unnamed = [&](const std::string& role, const std::string& split) {
    return split.empty() && chain.fits_on(role);
  };
  if (unnamed("train", roles.train))
    return "it is fitted on train, and no train=SET/SPLIT is given";
  if (unnamed("val", roles.val)) return "it is fitted on val, and no val=SET/SPLIT is given";

  const Needs needs = chain.needs();
  for (const std::string& split : fitted_splits(chain, roles)) {
    const std::string missing = missing_in(bank.at(split), needs, needs.labels);
    if (!missing.empty()) return missing;
  }
  for (const auto& [split, role] : scored_splits(roles)) {
    const std::string missing = missing_in(bank.at(split), needs, false);
    if (!missing.empty()) return missing;
  }
  return {};
}

DetectorSet fit_detectors(const BankViews& bank, const Roles& roles,
                          const std::vector<std::string>& specs, bool skip_unavailable,
                          const Executor& executor, const Progress& progress) {
  std::vector<Chain> chains;
  for (const std::string& spec : specs) chains.emplace_back(spec);
  const auto arrays = arrays_of(chains);
  const auto train = statistics_of(bank, roles.train, arrays, executor);
  const auto val = statistics_of(bank, roles.val, arrays, executor);
  std::vector<std::string> splits = {roles.train, roles.val};
  for (const auto& [split, role] : scored_splits(roles)) splits.push_back(split);
  const Inputs inputs = make_inputs(bank, splits);

  DetectorSet out;
  bool reads_logits = false;
  std::vector<Expr> scores;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < chains.size(); ++i) {
    check_interrupt();
    if (progress) progress("fitting " + specs[i], i, specs.size());
    Chain& chain = chains[i];
    if (!seen.insert(chain.spec()).second) fail("[", chain.spec(), "] is asked for twice");
    std::string reason = missing_for(chain, bank, roles);
    if (!reason.empty() && !skip_unavailable) {
      fail("[", chain.spec(), "] cannot be evaluated: ", reason);
    }
    if (reason.empty()) {
      try {
        chain.fit(inputs, {train.get(), val.get()});
        scores.push_back(chain.score(inputs));
        out.detectors.push_back(chain.spec());
        reads_logits |= chain.needs().logits;
        for (std::string& notice : chain.notices()) out.notices.push_back(std::move(notice));
      } catch (const Error& e) {
        if (!skip_unavailable) throw;
        reason = e.what();
      }
    }
    if (!reason.empty()) out.skipped.push_back({chain.spec(), reason});
  }
  if (scores.empty()) {
    fail("no detector can be evaluated",
         out.skipped.empty()
             ? text("; name some with detectors=")
             : text(": ", out.skipped.front().detector, ": ", out.skipped.front().reason));
  }
  if (reads_logits && logits_from(bank, splits) == LogitsFrom::head) {
    out.notices.push_back(
        "not all splits have logits: those of all rows follow from features and head");
  }
  out.program = compile(scores, executor);
  out.reads = input_names(scores);
  return out;
}

}  // namespace nescio
