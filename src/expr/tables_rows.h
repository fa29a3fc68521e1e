// Rows of products with tables, distances to their rows, and picking of columns.
#pragma once

#include "expr/op_info.h"

namespace nescio::expr {

/// All of x; of the table its columns, or all where they are its rows.
std::vector<ColumnRange> columns_of_product(const Graph&, const Node&, std::size_t, ColumnRange);
std::vector<ColumnRange> columns_of_take_row(const Graph&, const Node&, std::size_t, ColumnRange);
std::vector<ColumnRange> columns_of_gather(const Graph&, const Node&, std::size_t, ColumnRange);
std::vector<ColumnRange> columns_of_slice(const Graph&, const Node&, std::size_t, ColumnRange);
std::vector<ColumnRange> columns_of_select(const Graph&, const Node&, std::size_t, ColumnRange);
std::vector<ColumnRange> columns_of_concat(const Graph&, const Node&, std::size_t, ColumnRange);

#define NESCIO_TABLES(X)                                                                    \
  X(matmul, OpInfo{.arity = 2,                                                              \
                   .columns = columns_of_product,                                           \
                   .column_wise = true,                                                     \
                   .table_role = TableRole::multiplied})                                    \
  X(squared_distances, OpInfo{.arity = 2,                                                   \
                              .columns = all_columns,                                       \
                              .column_wise = true,                                          \
                              .table_role = TableRole::nearest})                            \
  X(take_row,                                                                               \
    OpInfo{.arity = 2, .columns = columns_of_take_row, .table_role = TableRole::looked_up}) \
  X(gather_columns, OpInfo{.arity = 2, .columns = columns_of_gather})                       \
  X(slice_columns, OpInfo{.columns = columns_of_slice})                                     \
  X(select_columns, OpInfo{.columns = columns_of_select})                                   \
  X(concat, OpInfo{.arity = any_arity, .columns = columns_of_concat})

}  // namespace nescio::expr
