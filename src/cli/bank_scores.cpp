#include "cli/bank_scores.h"

#include <algorithm>

#include "base/error.h"
#include "cli/picture_scores.h"
#include "evaluation/answers.h"

namespace nescio::cli {
namespace {

using detectors::FittedDetector;
using detectors::LogitsFrom;

LogitsFrom logits_of(FittedDetector& fitted, const bank::BankViews& views,
                     const std::vector<std::string>& splits) {
  const auto given = [&](const std::string& split) { return views.has(split, "logits"); };
  if (!fitted.chain.needs().logits || std::ranges::all_of(splits, given)) {
    return LogitsFrom::network;
  }
  if (!fitted.head) fitted.head = views.head();
  if (!fitted.head) return LogitsFrom::network;
  if (fitted.feature_width == 0) fitted.feature_width = fitted.head->weight.cols();
  return LogitsFrom::head;
}

void check(const FittedDetector& fitted, const bank::BankView& view, const std::string& bank,
           LogitsFrom logits) {
  const std::string& split = view.name;
  if (view.rows == 0) fail(split, " has no rows");
  const detectors::Needs needs = fitted.chain.needs();
  const auto compare = [&](const std::string& name, std::size_t expected) {
    if (!view.has(name)) {
      fail("[", fitted.chain.spec(), "] needs ", name, ", which ", split,
           bank.empty() ? "" : " of " + bank, " has not");
    }
    const bank::ViewedArray& array = view.arrays.at(name);
    if (!array.is_matrix() || array.shape[1] != expected) {
      fail("[", fitted.chain.spec(), "] ", name, ": expected [N, ", expected, "], found ",
           to_string(array.shape), " (", split,
           "); the detector was fitted on another network's bank");
    }
  };
  const std::string missing = detectors::missing_in(view, {.arrays = needs.arrays}, false);
  if (!missing.empty()) fail("[", fitted.chain.spec(), "] ", missing);
  const bool by_head = needs.logits && logits == LogitsFrom::head;
  if (by_head && fitted.head->weight.rows() != fitted.classes) {
    fail("[", fitted.chain.spec(), "] was fitted on a network of ", fitted.classes,
         " classes, the head of ", bank, " has ", fitted.head->weight.rows());
  }
  if (needs.logits && !by_head) compare("logits", fitted.classes);
  if (needs.features || by_head) compare("features", fitted.feature_width);
  for (const auto& [name, width] : fitted.arrays) compare(name, width);
}

}  // namespace

BankScores::BankScores(FittedDetector detector, const bank::BankViews& views,
                       const std::string& bank, const std::vector<std::string>& splits,
                       const expr::Executor& executor, Communicator& processes)
    : detector_(std::move(detector)), views_(views), processes_(processes) {
  for (const std::string& split : splits) views.at(split);
  const nlohmann::json origin = views.origin();
  check_network(detector_, origin.is_object() ? origin.at("model") : nlohmann::json(),
                views.classes());
  const LogitsFrom logits = logits_of(detector_, views, splits);
  for (const std::string& split : splits) check(detector_, views.at(split), bank, logits);
  program_ = detector_.compile(executor, logits);
  reads_ = detectors::arrays_for(detector_.chain.needs(), logits);
}

calibration::ScoredRows BankScores::rows(const std::string& split, const Progress& progress) const {
  calibration::ScoredRows out;
  stream<float>(
      split,
      [&](std::size_t, const auto& windows) {
        out.scores.insert(out.scores.end(), windows[0].begin(), windows[0].end());
      },
      progress);
  if (processes_.is_first()) out.predicted = predicted(split);
  return out;
}

std::vector<std::uint32_t> BankScores::predicted(const std::string& split) const {
  auto said = evaluation::predicted_classes(views_, split);
  const bank::BankView& view = views_.at(split);
  if (!said.empty() || !detector_.head || !view.has("features")) return said;
  const bank::BankViews by_head(
      {bank::view_of(split, {{"features", view.array("features")}}, detector_.head)});
  return evaluation::predicted_classes(by_head, split);
}

}  // namespace nescio::cli
