// The scores that OpenOOD's scripts save: confidences by data set.
//   https://github.com/Jingkang50/OpenOOD
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "io/bytes.h"

namespace nescio::io {

/// What OpenOOD kept about one data set, as it lies in the file.
struct SavedConfidences {
  std::string role;  // "id", "shifted", "near", "far", "ood_val"; empty where the file does not say
  std::string set;   // OpenOOD's name of the set; empty for id and ood_val
  Array confidences;  // [N], floating point; higher = more in-distribution
  Array predictions;  // [N], whole numbers
  Array labels;       // [N], whole numbers; -1 = OOD
};

/// scores/METHOD.pkl: every set that was scored, first id, then the covariate-shifted ones ("csid", which
/// are None but for fsood=True). Sets that were not (None) and the training set are left out. Nothing in the
/// pickle is executed.
/// Error, beginning with `where`, for damaged bytes, another structure, and arrays of other types or
/// of different lengths.
std::vector<SavedConfidences> parse_openood_pickle(const SharedBytes& bytes,
                                                   std::string_view where);

/// scores/SET.npz with the arrays conf, pred and label: one set. Error likewise.
SavedConfidences parse_openood_npz(const SharedBytes& bytes, std::string_view where);

}  // namespace nescio::io
