// Splits that are written from memory.
#pragma once

#include <string>

#include "bank/bank_view.h"

namespace nescio::bank {

/// Throws away what an interrupted writer left of a split. A SplitWriter takes it up where rows, arrays and inputs are the
/// same, which says nothing where rows come from memory.
void forget_interrupted(FeatureBank& bank, const std::string& split);

/// Writes the arrays as the split that the view is called, in the place of one that is there; `source` says where
/// they come from. Error as SplitWriter.
void write_split(FeatureBank& bank, const BankView& view, const nlohmann::json& source);

}  // namespace nescio::bank
