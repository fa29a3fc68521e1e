// What makes searches of a table faster.
#pragma once

#include <optional>
#include <vector>

#include "math/distance_bounds.h"

namespace nescio::math {

struct SearchBounds {
  /// In few directions: which rows are near, roughly.
  std::optional<DistanceBounds> scout = {};
  /// The cheapest first; none where the machine or the table is no place for them.
  std::vector<DistanceBounds> levels = {};
};

/// For searches of the `nearest` nearest rows or fewer, of so many points at a time. Directions are taken where a sample
/// of the rows says that they rule out most of the others; bytes alone where the machine multiplies them twice as fast
/// as floats, and the table is so large that this shows. Memory: a byte for each number of the table, and for each
/// direction of each row. Time: about that of the products of a thousand points with the table.
SearchBounds bounds_that_pay(const DistanceTable& table, std::size_t nearest, std::size_t points,
                             const ByteKernel& kernel = byte_kernels().front());

}  // namespace nescio::math
