// How alike two scores order the same rows.
#pragma once

#include <span>
#include <vector>

#include "base/array.h"

namespace nescio::metrics {

/// The rank of each row by its score, from 1; equal scores share the mean of theirs. O(n). Error as
/// rank() for NaN or infinity.
std::vector<double> mid_ranks(const Array& scores);

/// Pearson's correlation; of ranks it is Spearman's. 0 where a side is constant. Error unless both have
/// as many values. O(n).
double correlation(std::span<const double> a, std::span<const double> b);

}  // namespace nescio::metrics
