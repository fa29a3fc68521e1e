// Scores that were made elsewhere and stand in the bank: the spec imported(name=NAME).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nescio::evaluation {

/// NAME of "imported(name=NAME)"; none if the spec is another one. Error for other arguments.
std::optional<std::string> imported_name(std::string_view spec);
/// The way back.
std::string imported_spec(const std::string& name);
/// What the bank calls these scores: one float32 or float64 per row, higher = more OOD.
std::string imported_array(const std::string& name);

/// The bank's array of the network's answers [N] int64, for splits that have no logits.
inline constexpr const char* predictions_array = "predictions";

}  // namespace nescio::evaluation
