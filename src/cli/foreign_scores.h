// Scores that other programs wrote, on their way into a bank.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bank/feature_bank.h"
#include "base/array.h"

namespace nescio::cli {

/// What a file says about one data set.
struct ForeignScores {
  std::string role;  // "id", "shifted", "near", "far", "ood_val"; empty: the file does not say
  std::string set;   // what the file calls it; empty: not at all
  Array scores;      // [N] float32 or float64, finite, higher = more OOD
  std::optional<Array> predictions;  // [N] int64
  std::optional<Array> labels;       // [N] int64, -1 = OOD
};

/// The scores in a file: a pickle of OpenOOD (all of its sets), an .npz of OpenOOD (conf, pred,
/// label), or one array [N] as read_array() takes it. `higher` says what a high number means there:
/// "id", "ood", or "auto": "id" for OpenOOD's files, "ood" for arrays.
/// Error for files of another kind, NaN and infinity.
std::vector<ForeignScores> read_scores(const std::string& source, const std::string& higher);

/// The one place where a foreign sign is turned: finite scores, higher = more OOD. float64 stays
/// float64, all else becomes float32 without losing a digit. Error names `source`, counts those that
/// are not finite and names the first row.
Array to_scores(const Array& values, bool higher_is_id, const std::string& source);

/// Puts them beside the other arrays of the split (or with Rest::dropped in their place), which is
/// made if it is not there. Predictions are kept where the split has no logits, labels where it has
/// none.
/// Error if the rows are not as many, or if a class label differs from the one that is there: the
/// file is then about other pictures, or about the same in another order.
void add_scores(bank::FeatureBank& bank, const std::string& split, const std::string& name,
                const ForeignScores& scores, const std::string& source,
                bank::Rest rest = bank::Rest::kept);

}  // namespace nescio::cli
