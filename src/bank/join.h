// One split of the rows of several that are of the same pictures: each row from one of them.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bank/feature_bank.h"

namespace nescio::bank {

struct Source {
  FeatureBank bank;
  std::string split;
};

/// The number of the source of each row: row i from i mod `sources`.
std::vector<std::int64_t> in_turn(std::size_t rows, std::size_t sources);

/// Writes `as` of `target`, row r from sources[from[r]]. Arrays that not all sources have are left out and
/// returned; what the rows are (labels, index, names) must be the same in all. What made an array stays
/// where the sources agree, and stands under "joined" for each. Error if the sources are not of the same
/// pictures, if an array differs in type, width or how its answers were made, or if `from` does not name
/// a source for each row. Goes on where it was interrupted. `progress` gets rows done.
std::vector<std::string> join_splits(const std::vector<Source>& sources,
                                     std::span<const std::int64_t> from, FeatureBank& target,
                                     const std::string& as,
                                     const std::function<void(std::size_t)>& progress);

}  // namespace nescio::bank
