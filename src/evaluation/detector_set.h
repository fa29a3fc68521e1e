// Many detectors fitted on the same splits and compiled into one program.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/notice.h"
#include "base/progress.h"
#include "detectors/chain.h"
#include "evaluation/roles.h"

namespace nescio {

struct Skipped {
  std::string detector;
  std::string reason;
};

/// One graph holds all scores, so that what they share is computed once.
struct DetectorSet {
  std::vector<std::string> detectors;  // specs as asked for
  std::unique_ptr<Program> program;    // one output for each of them
  std::vector<std::string> reads;      // its inputs
  std::vector<Skipped> skipped;
  Notices notices;  // what they had to say while they were fitted
};

/// What the roles' splits lack that the detector reads, as a clause for people; empty if nothing.
std::string missing_for(const Chain& chain, const BankViews& bank, const Roles& roles);

/// Fits every spec, all sharing the statistics of `train` and `val`. One for which something is
/// missing, or that these rows do not allow (too few of them, a class without any), is left out
/// with the reason if `skip_unavailable`, otherwise an Error. Error if nothing is left, or if a spec occurs twice.
DetectorSet fit_detectors(const BankViews& bank, const Roles& roles,
                          const std::vector<std::string>& specs, bool skip_unavailable,
                          const Executor& executor, const Progress& progress = {});

}  // namespace nescio
