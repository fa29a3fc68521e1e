// Detectors fitted on splits of a bank.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bank/bank_view.h"
#include "base/communicator.h"
#include "base/notice.h"
#include "base/progress.h"
#include "detectors/bank_inputs.h"
#include "detectors/chain.h"
#include "detectors/fit_splits.h"

namespace nescio::detectors {

struct FitSettings {
  std::vector<std::string> scored = {};  // splits that will be scored: they need what is read, too
  bool skip_unavailable = false;         // leave out what cannot be fitted, with the reason
  Executor executor = Executor::cpu;     // of the statistics
  /// All of them fit the same, each from its share of the rows.
  Communicator& processes = alone();
};

/// The first role that the chain is fitted on and that no split has, as a clause for people; empty if there is none.
std::string missing_role(const Chain& chain, const FitSplits& splits);

struct Skipped {
  std::string detector;
  std::string reason;
};

/// Detectors that were fitted side by side. Their scores are expressions of one graph, so that one program
/// computes what they share once.
struct Fits {
  Inputs inputs;
  std::vector<Chain> chains;
  std::vector<Expr> scores;  // of each chain
  std::vector<Skipped> skipped;
  Notices notices;  // what there is to say about all of them; a chain has its own
};

/// Fits every spec; all of them share the statistics of each split. One for which something is missing or damaged, or
/// that these rows do not allow (too few of them, a class without any), is an Error, or left out with the reason if
/// `skip_unavailable`. Error if nothing is left, or if a spec occurs twice.
Fits fit_detectors(const bank::BankViews& bank, const FitSplits& splits,
                   const std::vector<std::string>& specs, const FitSettings& settings = {},
                   const Progress& progress = {});

/// A chain with everything that scoring needs, away from its bank.
struct FittedDetector {
  Chain chain;
  std::size_t classes = 0;
  std::size_t feature_width = 0;
  Widths arrays = {};  // of probes, as far as the chain needs them
  std::optional<Head> head;
  nlohmann::json origin;  // bank, splits, model, preprocessing: what it was fitted on

  /// Inputs over a new graph.
  Inputs inputs(LogitsFrom logits = LogitsFrom::network) const;
  /// The score compiled for an executor; reads the arrays that the chain needs, by name.
  std::unique_ptr<Program> compile(const Executor& executor = Executor::cpu,
                                   LogitsFrom logits = LogitsFrom::network) const;
};

/// fit_detectors() for one spec, with what the views say about what it was fitted on. Error for splits
/// that number their classes otherwise. Several processes get the same detector, which has the bits that one process
/// gives it.
FittedDetector fit_detector(const bank::BankViews& bank, const std::string& spec,
                            const FitSplits& splits, const Executor& executor = Executor::cpu,
                            Communicator& processes = alone());

}  // namespace nescio::detectors
