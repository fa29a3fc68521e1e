// Between which values quantiles probably lie, from some of the rows.
#pragma once

#include <vector>

#include "base/matrix_view.h"
#include "math/bracket.h"

namespace nescio::statistics {

/// An interval for each q that holds the quantile of all rows but for one case in some ten thousand, if `some` of them
/// [n, w], drawn at random, are like the others: the value at q and what four standard errors of its rank are on either
/// side, by how much the rows differ. O(n w).
std::vector<math::Interval> likely_quantiles(const MatrixView& some, const std::vector<double>& q);

}  // namespace nescio::statistics
