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

std::unique_ptr<Statistics> statistics_of(const FeatureBank& bank, const std::string& split,
                                          const Executor& executor) {
  if (split.empty()) return nullptr;
  return std::make_unique<Statistics>(read_split(bank, split), executor);
}

}  // namespace

std::string missing_for(const Chain& chain, const FeatureBank& bank, const Roles& roles) {
  const auto unnamed = [&](const std::string& role, const std::string& split) {
    return split.empty() && chain.fits_on(role);
  };
  if (unnamed("train", roles.train))
    return "it is fitted on train, and no train=SET/SPLIT is given";
  if (unnamed("val", roles.val)) return "it is fitted on val, and no val=SET/SPLIT is given";

  const Needs needs = chain.needs();
  auto read = fitted_splits(chain, roles);
  if (needs.labels) {
    for (const std::string& split : read) {
      if (!bank.has(split, "labels")) return split + " has no labels";
    }
  }
  for (const auto& [split, role] : scored_splits(roles)) read.push_back(split);
  for (const std::string& split : read) {
    if (needs.logits && !bank.has(split, "logits") &&
        !(bank.head() && bank.has(split, "features"))) {
      return split + " has no logits, nor do features and a head give them";
    }
    if (needs.features && !bank.has(split, "features")) return split + " has no features";
    for (const std::string& name : needs.arrays) {
      if (bank.has(split, name)) continue;
      return text(split, " has no array '", name, "'; extract it with probes=", name);
    }
  }
  if (needs.head && !bank.head()) {
    return "the bank has no head; import it with head_weight=W.npy head_bias=b.npy, if the logits "
           "are "
           "linear in the features";
  }
  return {};
}

DetectorSet fit_detectors(const FeatureBank& bank, const Roles& roles,
                          const std::vector<std::string>& specs, bool skip_unavailable,
                          const Executor& executor, const Progress& progress) {
  const auto train = statistics_of(bank, roles.train, executor);
  const auto val = statistics_of(bank, roles.val, executor);
  std::vector<std::string> splits = {roles.train, roles.val};
  for (const auto& [split, role] : scored_splits(roles)) splits.push_back(split);
  const Inputs inputs = make_inputs(bank, splits);

  DetectorSet out;
  bool reads_logits = false;
  std::vector<Expr> scores;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    check_interrupt();
    if (progress) progress("fitting " + specs[i], i, specs.size());
    Chain chain(specs[i]);
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
  return out;
}

}  // namespace nescio
