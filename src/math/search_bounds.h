// What makes searches of a table faster.
#pragma once

#include <optional>
#include <vector>

#include "math/distance_bounds.h"

namespace nescio::math {

struct SearchBounds {
  std::optional<DistanceBounds> scout;  // in few directions: which rows are near, roughly
  std::vector<DistanceBounds> levels =
      {};  // the cheapest first; none: the machine or the table is no place for them
};

/// For searches of the `nearest` nearest rows or fewer. Directions are taken where a sample of the rows says that they
/// rule out most of the others; bytes alone where the machine multiplies them twice as fast as floats, and the table is
/// so large that this shows. Time: about that of the products of some hundred points with the table.
SearchBounds bounds_that_pay(const DistanceTable& table, std::size_t nearest);

}  // namespace nescio::math
