// Scores that other programs wrote, on their way into a bank.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bank/feature_bank.h"
#include "base/array.h"
#include "evaluation/roles.h"

namespace nescio {

/// What a file says about one data set.
struct ForeignScores {
  std::string role;                  // "id", "near", "far", "ood_val"; empty: the file does not say
  std::string set;                   // what the file calls it; empty: not at all
  Array scores;                      // [N] float32, finite, higher = more OOD
  std::optional<Array> predictions;  // [N] int64
  std::optional<Array> labels;       // [N] int64, -1 = OOD
};

/// The scores in a file: a pickle of OpenOOD (all of its sets), an .npz of OpenOOD (conf, pred,
/// label), or one array [N] as read_array() takes it. `higher` says what a high number means there:
/// "id", "ood", or "auto": "id" for OpenOOD's files, "ood" for arrays.
/// Error for files of another kind, NaN and infinity.
std::vector<ForeignScores> read_scores(const std::string& source, const std::string& higher);

/// The one place where a foreign sign is turned: finite float32 scores, higher = more OOD.
/// Error names row and `source`.
Array to_scores(const Array& values, bool higher_is_id, const std::string& source);

/// Puts them beside the other arrays of the split, which is made if it is not there. Predictions
/// are kept where the split has no logits, labels where it has none.
/// Error if the rows are not as many, or if a class label differs from the one that is there: the
/// file is then about other pictures, or about the same in another order.
void add_scores(FeatureBank& bank, const std::string& split, const std::string& name,
                const ForeignScores& scores, const std::string& source);

/// Files of scores by role: the ID one, which may be a pickle of OpenOOD with all sets, and one for
/// each OOD set.
struct ScoreFiles {
  std::string id;
  std::vector<std::string> near, far;
};

/// Adds all of them to the bank: FILE.npz as FILE/test, the sets of a pickle as SET/test and its ID
/// set as id/test. Returns who plays which role.
Roles add_score_files(FeatureBank& bank, const ScoreFiles& files, const std::string& name,
                      const std::string& higher);

/// "scores/msp.pkl" -> "msp", for files whose scores are given no name.
std::string stem_of(const std::string& source);

}  // namespace nescio
