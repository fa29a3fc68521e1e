// Sorting, ranks and empirical distributions.
#pragma once

#include "expr/value.h"

namespace nescio::expr {

enum class Sort { ascending, descending };
/// The row in order. Only as many entries are computed as consumers read.
Expr sorted(const Expr& x, Sort order = Sort::ascending);
/// Place of each entry in the ascending row, from 0; equal entries in order of their columns. An
/// index.
Expr rank(const Expr& x);
/// The same up to `most`, which stands for all places from there on: the first `most` entries alone are put
/// in order.
Expr rank(const Expr& x, std::size_t most);

/// Share of the entries of a table [1, n] that are <= x: the empirical distribution function,
/// right-continuous.
Expr ecdf(const Expr& x, const Table& table);
/// Counts per row in [e_0, e_1), [e_1, e_2) ... the last one closed (numpy); edges [1, m]
/// ascending; [B, m - 1].
Expr row_histogram(const Expr& x, const Table& edges);
/// Number of borders <= x in the same column of a table [n, w] with ascending columns. An index.
Expr bucketize(const Expr& x, const Table& borders);

}  // namespace nescio::expr
