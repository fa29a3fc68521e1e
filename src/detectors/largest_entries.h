// The largest entries of a row, as ASH, SCALE and LTS take them.
#pragma once

#include "detectors/inputs.h"

namespace nescio::detectors {

/// How many entries stay when the share p of them is cut: width - round(p width), at least 1. As numpy
/// rounds: halves go to the even number.
std::size_t largest_count(double p, std::size_t width);

/// Of the k largest entries. Any number of k share one sort.
Expr sum_of_largest(const Expr& x, std::size_t k);

/// e^r with r = sum / part, by which SCALE and ASH-S make a row longer. Made for features >= 0, for
/// which r >= 1. Where the part has no positive sum it is 1; r is cut at -80 and 80, where e^r nears the
/// ends of a float.
Expr scaling_factor(const Expr& sum, const Expr& part);

}  // namespace nescio::detectors
