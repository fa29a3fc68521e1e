#include "detectors/fitting.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "bank/split_classes.h"
#include "base/error.h"
#include "base/given_alike.h"
#include "base/interrupt.h"

namespace nescio::detectors {
namespace {

using Names = std::vector<std::string>;

// The splits of a role; none where it is not named.
Names splits_of(const FitSplits& splits, const std::string& role) {
  if (role == "ood_val") return splits.ood_val;
  const std::string& split = role == "train" ? splits.train : splits.val;
  return split.empty() ? Names{} : Names{split};
}

// Chains that learn from the role.
bool any_fits_on(const std::vector<Chain>& chains, std::string_view role) {
  return std::ranges::any_of(chains, [&](const Chain& chain) { return chain.fits_on(role); });
}

// The statistics of splits, made when a detector first learns from them and shared from then on.
class SharedStatistics {
 public:
  SharedStatistics(const bank::BankViews& bank, const FitSplits& splits, Names arrays,
                   const FitSettings& settings)
      : bank_(bank), splits_(splits), arrays_(std::move(arrays)), settings_(settings) {}

  FitData for_roles(const Names& roles) {
    FitData data;
    for (const std::string& role : roles) {
      for (const std::string& split : splits_of(splits_, role)) {
        auto& statistics = of_split_[split];
        if (!statistics) {
          statistics = std::make_unique<statistics::Statistics>(
              read_split(bank_, split, arrays_), settings_.executor, settings_.processes);
        }
        if (role == "train") data.train = statistics.get();
        if (role == "val") data.val = statistics.get();
        if (role == "ood_val") data.ood_val.push_back(statistics.get());
      }
    }
    return data;
  }

 private:
  const bank::BankViews& bank_;
  const FitSplits& splits_;
  Names arrays_;  // that are read
  const FitSettings& settings_;
  std::map<std::string, std::unique_ptr<statistics::Statistics>> of_split_;
};

// What some of the chains read.
Names arrays_of(const std::vector<Chain>& chains) {
  std::set<std::string> names = {"features"};  // which stand for logits that are not there
  for (const Chain& chain : chains) {
    for (const std::string& name : chain.needs().inputs()) names.insert(name);
  }
  return {names.begin(), names.end()};
}

// What is missing of all that is fitted on or scored, as a clause for people; empty if nothing.
std::string missing_for(const Chain& chain, const bank::BankViews& bank, const FitSplits& splits,
                        const Names& scored) {
  if (std::string missing = missing_role(chain, splits); !missing.empty()) return missing;
  const Needs needs = chain.needs();
  for (const std::string& role : chain.fits_on()) {
    for (const std::string& split : splits_of(splits, role)) {
      // OOD rows belong to no class.
      const bool labels = needs.labels && role != "ood_val";
      if (std::string missing = missing_in(bank.at(split), needs, labels); !missing.empty()) {
        return missing;
      }
    }
  }
  for (const std::string& split : scored) {
    if (std::string missing = missing_in(bank.at(split), needs, false); !missing.empty()) {
      return missing;
    }
  }
  return {};
}

}  // namespace

std::string missing_role(const Chain& chain, const FitSplits& splits) {
  for (const std::string& role : chain.fits_on()) {
    if (!splits_of(splits, role).empty()) continue;
    return text("it is fitted on ", role, ", and no ", role, "=SET/SPLIT is given");
  }
  return {};
}

Fits fit_detectors(const bank::BankViews& bank, const FitSplits& splits,
                   const std::vector<std::string>& specs, const FitSettings& settings,
                   const Progress& progress) {
  std::vector<Chain> chains;
  std::set<std::string> seen;
  for (const std::string& spec : specs) {
    const Chain& chain = chains.emplace_back(spec);
    if (!seen.insert(chain.spec()).second) fail("[", chain.spec(), "] is asked for twice");
  }
  Names compared = {splits.train, splits.val};
  compared.insert(compared.end(), settings.scored.begin(), settings.scored.end());
  if (any_fits_on(chains, "ood_val")) {
    compared.insert(compared.end(), splits.ood_val.begin(), splits.ood_val.end());
  }
  SharedStatistics statistics(bank, splits, arrays_of(chains), settings);
  Fits out;
  out.inputs = make_inputs(bank, compared);
  bool reads_logits = false;
  for (std::size_t i = 0; i < chains.size(); ++i) {
    Chain& chain = chains[i];
    check_interrupt();
    if (progress) progress("fitting " + chain.spec(), i, chains.size());
    std::string reason = missing_for(chain, bank, splits, settings.scored);
    if (!reason.empty() && !settings.skip_unavailable) {
      fail("[", chain.spec(), "] cannot be fitted: ", reason);
    }
    if (reason.empty()) {
      try {
        chain.fit(out.inputs, statistics.for_roles(chain.fits_on()));
        out.scores.push_back(chain.score(out.inputs));
      } catch (const Error& e) {
        if (!settings.skip_unavailable) throw;
        reason = e.what();
      }
    }
    if (!reason.empty()) {
      out.skipped.push_back({chain.spec(), reason});
      continue;
    }
    reads_logits |= chain.needs().logits;
    out.chains.push_back(std::move(chain));
  }
  if (out.chains.empty()) {
    fail("no detector can be fitted", out.skipped.empty() ? text("; name some with detectors=")
                                                          : text(": ", out.skipped.front().detector,
                                                                 ": ", out.skipped.front().reason));
  }
  if (reads_logits && logits_from(bank, compared) == LogitsFrom::head) {
    out.notices.push_back(
        "not all splits have logits: those of all rows follow from features and head");
  }
  return out;
}

Inputs FittedDetector::inputs(LogitsFrom logits) const {
  return detectors::make_inputs(logits == LogitsFrom::network ? classes : 0, feature_width,
                                head_tables(head), arrays);
}

std::unique_ptr<Program> FittedDetector::compile(const Executor& executor,
                                                 LogitsFrom logits) const {
  return expr::compile({chain.score(inputs(logits))}, executor);
}

namespace {

void require_same_work(const bank::BankViews& bank, const std::string& spec,
                       const FitSplits& splits, Communicator& processes) {
  std::vector<std::pair<std::string, std::string>> given = {{"the detector", Chain(spec).spec()}};
  Names read = splits.ood_val;
  for (const std::string& split : {splits.train, splits.val}) {
    if (!split.empty()) read.push_back(split);
  }
  std::ranges::copy(bank::contents_of(bank, read), std::back_inserter(given));
  require_alike(processes, given);
}

}  // namespace

FittedDetector fit_detector(const bank::BankViews& bank, const std::string& spec,
                            const FitSplits& splits, const Executor& executor,
                            Communicator& processes) {
  if (processes.size() > 1) require_same_work(bank, spec, splits, processes);
  bank::check_split_classes(bank, {splits.train, splits.val});
  Fits fits = fit_detectors(bank, splits, {spec}, {.executor = executor, .processes = processes});
  FittedDetector out{.chain = std::move(fits.chains.front()),
                     .classes = bank.classes(),
                     .feature_width = bank.feature_width(),
                     .head = bank.head(),
                     .origin = nlohmann::json::object()};
  for (const std::string& role : out.chain.fits_on()) {
    const Names of_role = splits_of(splits, role);
    for (const std::string& split : of_role) {
      const nlohmann::json from = {{"split", split}, {"manifest", bank.at(split).origin}};
      if (role == "ood_val") {
        out.origin[role].push_back(from);
      } else {
        out.origin[role] = from;
      }
    }
  }
  for (const std::string& split : {splits.train, splits.val}) {
    if (split.empty() || out.origin.contains("class_names")) continue;
    const auto& names = bank.at(split).class_names;
    if (!names.empty()) out.origin["class_names"] = names;
  }
  const nlohmann::json network = bank.origin();
  out.origin["bank"] = network.is_object() ? network.at("path") : nlohmann::json("");
  out.origin["model"] = network.is_object() ? network.at("model") : nlohmann::json::object();
  const Needs needs = out.chain.needs();
  for (const std::string& name : needs.arrays) {
    out.arrays.emplace(name, fits.inputs.array(name).width());
  }
  Names all;
  for (const auto& [split, view] : bank) all.push_back(split);
  const bool gives_logits = needs.logits && logits_from(bank, all) == LogitsFrom::head;
  if (!needs.head && !gives_logits) out.head.reset();
  return out;
}

}  // namespace nescio::detectors
