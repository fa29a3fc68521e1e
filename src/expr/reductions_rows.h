// Rows of reductions over the columns of a row, and of what needs such a reduction.
#pragma once

#include "expr/op_info.h"

namespace nescio::expr {

/// Group g of the columns for column g of the result.
std::vector<ColumnRange> columns_of_groups(const Graph&, const Node&, std::size_t, ColumnRange);

constexpr OpInfo reduction_row(std::string_view onnx) {
  return {.columns = columns_of_groups, .onnx = onnx};
}

#define NESCIO_REDUCTIONS(X)                                                      \
  X(row_sum, reduction_row("ReduceSum"))                                          \
  X(row_mean, reduction_row("ReduceMean"))                                        \
  X(row_max, reduction_row("ReduceMax"))                                          \
  X(row_min, reduction_row("ReduceMin"))                                          \
  X(row_argmax, reduction_row("ArgMax"))                                          \
  X(logsumexp, reduction_row("ReduceLogSumExp"))                                  \
  X(l1_norm, reduction_row("ReduceL1"))                                           \
  X(l2_norm, reduction_row("ReduceL2"))                                           \
  X(sum_of_squares, reduction_row("ReduceSumSquare"))                             \
  X(logsumexp_rest, reduction_row("ArgMax OneHot Where ReduceLogSumExp"))         \
  X(log_odds, reduction_row("ReduceMax Sub ArgMax OneHot Where ReduceLogSumExp")) \
  X(softmax, OpInfo{.columns = all_columns, .onnx = "Softmax"})                   \
  X(log_softmax, OpInfo{.columns = all_columns, .onnx = "LogSoftmax"})            \
  X(cumsum, OpInfo{.columns = leading_columns, .prefix = true, .onnx = "CumSum"})

}  // namespace nescio::expr
