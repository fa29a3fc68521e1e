// The settings of a detector that a search tries.
#pragma once

#include <string>
#include <vector>

#include "detectors/fitting.h"

namespace nescio::detectors {

/// What a spec leaves to be chosen.
struct Grid {
  std::string asked;                  // the spec, with its lists
  std::vector<std::string> settings;  // specs without lists; empty where nothing is to be chosen
  std::vector<Skipped> left_out;  // combinations that no detector has, as a low end above the high
  std::string defaults;           // the spec as a detector; empty if it has lists
};

/// Nothing is left to be chosen: the spec as it is, which has no lists.
Grid without_choice(const std::string& spec);

/// Of a spec with lists their product. Of another one the product of the usual values (`sweep`) of
/// every parameter that it does not give, over all its stages; what stands inside a combinator stays
/// as it is. The first parameter varies fastest. Error as Chain() if no combination is a detector.
Grid grid_of(const std::string& spec);

}  // namespace nescio::detectors
