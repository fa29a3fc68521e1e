// Which detectors the rows of a run cannot tell from the best.
#pragma once

#include <string>
#include <vector>

#include "report/findings.h"

namespace nescio::report {

/// The detector with the highest mean AUROC over the sets of a role, and those whose difference to it the
/// rows leave open: DeLong's 95 % interval of the paired difference holds 0. Many at once: about one in
/// twenty of those that are worse is among them by chance. Empty where scores were not kept.
/// O(detectors * rows).
std::vector<std::string> contenders(const Findings& findings, const std::string& role);

}  // namespace nescio::report
