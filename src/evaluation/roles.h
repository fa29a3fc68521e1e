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
  std::string train = {};  // what detectors are fitted on; may be empty
  std::string val = {};    // the same, for those that are fitted on validation data
  std::string id = {};     // the in-distribution rows to be kept
  std::vector<std::string> shifted =
      {};                              // rows of its classes under other conditions, to be kept too
  std::vector<std::string> near = {};  // the OOD rows to be found; near or far may be empty
  std::vector<std::string> far = {};
  std::vector<std::string> ood_val = {};  // OOD rows to choose on; never scored

  /// Those that may be fitted on.
  detectors::FitSplits fitted() const { return {train, val, ood_val}; }
};

/// (split, role) of what is scored: id, shifted, near, far, as given.
std::vector<std::pair<std::string, std::string>> scored_splits(const Roles& roles);

/// Error if a split is scored twice, if an OOD split or the id split is also fitted on or chosen on (val may be
/// the id split), or if there is no id split or no OOD split.
void check_roles(const Roles& roles);
/// The same, and if a split is not in the bank or has no rows, or if two of train, val, id and shifted number
/// their classes otherwise.
void check_roles(const Roles& roles, const bank::BankViews& bank);

/// What is evaluated: the full spectrum, where shifted splits are named.
struct Evaluated {
  bank::BankViews bank;
  Roles roles;
};

/// Full-spectrum OOD detection (Yang, Zhou, Liu, IJCV 2023, arXiv:2204.05306; OpenOOD v1.5): what is shifted
/// counts as ID. The id split and those behind it become one, called "a/test+b/test", in views and roles;
/// without shifted splits all stays as it is. Error as check_roles().
Evaluated full_spectrum(const bank::BankViews& bank, const Roles& roles);

}  // namespace nescio::evaluation
