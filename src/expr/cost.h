// What an expression costs, counted and not timed: the same on every machine.
#pragma once

#include "expr/expr.h"

namespace nescio::expr {

/// Operations of one row, constants excluded: a product with a [n, m] table or the distances to its
/// rows are 2 n m, a sort of n values n log2 n, everything else one for each value that it reads or
/// writes, whichever are more; an exponential counts like an addition. Equal parts count once.
double operations_per_row(const Expr& output);

}  // namespace nescio::expr
