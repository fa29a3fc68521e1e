// Rows of sorting, ranks and empirical distributions.
#pragma once

#include "expr/op_info.h"

namespace nescio::expr {

#define NESCIO_ORDER(X)                                                                    \
  X(sorted, OpInfo{.columns = all_columns, .prefix = true, .sorts = true, .onnx = "TopK"}) \
  X(rank, OpInfo{.columns = all_columns, .sorts = true, .onnx = "TopK ScatterElements"})   \
  X(ecdf, OpInfo{.arity = 2,                                                               \
                 .columns = same_columns,                                                  \
                 .column_wise = true,                                                      \
                 .table_role = TableRole::looked_up,                                       \
                 .onnx = "Unsqueeze LessOrEqual ReduceMean"})                              \
  X(row_histogram, OpInfo{.arity = 2,                                                      \
                          .columns = all_columns,                                          \
                          .table_role = TableRole::looked_up,                              \
                          .onnx = "GreaterOrEqual Less And ReduceSum"})                    \
  X(bucketize, OpInfo{.arity = 2, .columns = same_columns, .table_role = TableRole::looked_up})

}  // namespace nescio::expr
