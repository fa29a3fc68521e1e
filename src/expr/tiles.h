// Reductions over the rows of a bank, tile by tile.
#pragma once

#include "expr/value.h"

namespace nescio::expr {

/// How over_rows brings the columns of its body together.
enum class Over { sum, logsumexp, smallest, largest };
/// Reduces a body whose columns belong to the rows of a bank: squared_distances(x, rows),
/// elementwise functions of it, constants [1, rows]. The body is evaluated tile by tile, so [B,
/// rows] is never held. sum (in double) and logsumexp give one column; smallest and largest the
/// sorted row, of which only as many entries are computed as consumers read: a sweep over k shares
/// one search.
Expr over_rows(Over reduction, const Expr& body);

}  // namespace nescio::expr
