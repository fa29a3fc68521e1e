// Products with tables, distances to their rows, and picking of columns.
#pragma once

#include <vector>

#include "expr/value.h"

namespace nescio::expr {

/// x [B, w] times a table [w, n].
Expr matmul(const Expr& x, const Table& table);
/// x [B, w] times the rows of a table [n, w]: the inner product with each row.
Expr inner_products(const Expr& x, const Table& rows);
/// |x - row|^2 for each row of a table [n, w]; never below 0.
Expr squared_distances(const Expr& x, const Table& rows);
/// Row number `index` (width 1) of a table [n, w].
Expr take_row(const Table& table, const Expr& index);
/// Entry r, j = x[r, index[r, j]].
Expr gather_columns(const Expr& x, const Expr& index);
/// Columns first .. last - 1.
Expr slice_columns(const Expr& x, std::size_t first, std::size_t last);
Expr select_columns(const Expr& x, const std::vector<std::int64_t>& columns);
Expr column(const Expr& x, std::size_t index);
Expr concat(const std::vector<Expr>& parts);

}  // namespace nescio::expr
