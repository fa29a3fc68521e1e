// Which split plays which part in an evaluation.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bank/bank_view.h"
#include "detectors/fit_splits.h"

namespace nescio::evaluation {

/// Names of splits ("cifar10/test") by role. Roles are words of a command, never names of sets.
struct Roles {
  std::string train = {};              // what detectors are fitted on; may be empty
  std::string val = {};                // the same, for those that are fitted on validation data
  std::string id = {};                 // the in-distribution rows to be kept
  std::vector<std::string> near = {};  // the OOD rows to be found; near or far may be empty
  std::vector<std::string> far = {};
  std::vector<std::string> ood_val = {};  // OOD rows to choose on; never scored

  /// Those that may be fitted on.
  detectors::FitSplits fitted() const { return {train, val, ood_val}; }
};

/// (split, role) of what is scored: id, then near, then far as given.
std::vector<std::pair<std::string, std::string>> scored_splits(const Roles& roles);

/// Error if a split is scored twice, if an OOD split or the id split is also fitted on or chosen on (val may be
/// the id split), or if there is no id split or no OOD split.
void check_roles(const Roles& roles);
/// The same, and if a split is not in the bank or has no rows, or if two of train, val and id number
/// their classes otherwise.
void check_roles(const Roles& roles, const bank::BankViews& bank);

}  // namespace nescio::evaluation
