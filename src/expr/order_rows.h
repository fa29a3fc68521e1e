// Rows of sorting, ranks and empirical distributions.
#pragma once

#include "expr/op_info.h"

namespace nescio::expr {

#define NESCIO_ORDER(X)                                                                            \
  X(sorted, OpInfo{.columns = all_columns, .prefix = true, .sorts = true})                         \
  X(rank, OpInfo{.columns = all_columns, .sorts = true})                                           \
  X(ecdf, OpInfo{.arity = 2,                                                                       \
                 .columns = same_columns,                                                          \
                 .column_wise = true,                                                              \
                 .table_role = TableRole::looked_up})                                              \
  X(row_histogram, OpInfo{.arity = 2, .columns = all_columns, .table_role = TableRole::looked_up}) \
  X(bucketize, OpInfo{.arity = 2, .columns = same_columns, .table_role = TableRole::looked_up})

}  // namespace nescio::expr
