// What a threshold that was chosen on validation rows does to the rows of a run.
#pragma once

#include <string>
#include <vector>

#include "base/array.h"
#include "metrics/bounds.h"
#include "metrics/proportion.h"

namespace nescio::evaluation {

/// The share of validation rows that the threshold of a run keeps.
inline constexpr double share_kept = 0.95;

/// One detector and one set: how many of its rows are flagged, with Clopper and Pearson's 95 % interval of the true
/// share.
struct FlaggedRows {
  std::string detector, set, role;
  double threshold = 0;
  metrics::Proportion flagged;
  metrics::Bounds bounds;
};

/// The scores of a set that are above the lowest threshold that keeps share_kept of the validation scores.
FlaggedRows flagged_rows(const Array& validation, const Array& scores);

}  // namespace nescio::evaluation
