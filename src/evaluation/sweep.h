// Which setting of each detector is the best on validation rows, as OpenOOD chooses it.
#pragma once

#include <string>
#include <vector>

#include "base/notice.h"
#include "base/progress.h"
#include "detectors/grid.h"
#include "evaluation/members.h"
#include "evaluation/roles.h"

namespace nescio::evaluation {

struct TriedSetting {
  std::string detector;
  double auroc = 0;  // over several OOD sets their plain mean
};

/// One detector's choice.
struct SweptDetector {
  std::string asked;   // its spec, with the lists that it has
  std::string chosen;  // a spec without lists; as asked where no setting could be tried
  std::vector<TriedSetting> tried = {};           // in the order of the grid
  std::vector<detectors::Skipped> left_out = {};  // settings that could not be tried
};

/// What a sweep chose, and on which splits.
struct Sweep {
  std::string val;
  std::vector<std::string> ood_val;
  std::vector<SweptDetector> detectors = {};  // those that leave something to be chosen
};

/// Error if val is the id split: the rows that are measured on may not choose. Shifted splits are refused by
/// check_roles().
void check_choosers(const Roles& roles);

/// What is to be tried of each spec: its grid, or the spec itself where `val` or `ood_val` is not
/// named, which a notice says. Error for lists then, and as check_choosers().
std::vector<detectors::Grid> grids_to_try(const std::vector<std::string>& specs, const Roles& roles,
                                          Notices& notices);

/// Every setting of the grids and every spec without lists, each once: what has to be fitted.
std::vector<std::string> specs_of(const std::vector<detectors::Grid>& grids);

/// One detector for each grid, as far as there is one.
struct Choice {
  std::vector<std::string> detectors;  // each once, in the order of the grids
  std::vector<detectors::Skipped> skipped;
  Sweep sweep;
  Notices notices;  // detectors of whose grids no setting could be tried
};

/// Takes of each grid the setting with the highest AUROC of val against the OOD validation splits
/// (their plain mean), the first of equal ones; the spec itself where no setting can be tried, or
/// none is there. Scores that are NaN or infinite leave a setting out. All settings are one program,
/// which runs over each split once.
Choice choose(const std::vector<detectors::Grid>& grids, const Members& members, const Roles& roles,
              const Progress& progress = {});

}  // namespace nescio::evaluation
