// Which rows the network classified right.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bank/feature_bank.h"

namespace nescio {

/// For each row of the split whether the largest of the network's logits (or, without logits, the
/// answer that was imported, or what features and head say) is that of the label: 1 or 0. None where
/// the split has none of them, or no labels (none at all, or all -1). Error for a label outside
/// 0 .. C-1.
std::optional<std::vector<std::uint8_t>> right_answers(const FeatureBank& bank,
                                                       const std::string& split);

}  // namespace nescio
