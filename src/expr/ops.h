// The one table of operations. A new operation is a row here, its builder in expr.h, and one
// function in each executor (reference_kernels.cpp, cpu_kernels.cpp); a missing function is a link
// error.
#pragma once

#include <cstddef>
#include <string_view>

namespace nescio {

// name, column-wise (column j of the result needs only column j of wide arguments: may stand inside
// over_rows), the ONNX nodes it will lower to ("native" = no such nodes).
#define NESCIO_OPERATIONS(X)                                              \
  X(input, false, "graph input")                                          \
  X(constant, true, "initializer")                                        \
  X(add, true, "Add")                                                     \
  X(subtract, true, "Sub")                                                \
  X(multiply, true, "Mul")                                                \
  X(divide, true, "Div")                                                  \
  X(minimum, true, "Min")                                                 \
  X(maximum, true, "Max")                                                 \
  X(power, true, "Pow")                                                   \
  X(logaddexp, true, "Max Sub Abs Exp Log Add")                           \
  X(less, true, "Less")                                                   \
  X(less_equal, true, "LessOrEqual")                                      \
  X(greater, true, "Greater")                                             \
  X(greater_equal, true, "GreaterOrEqual")                                \
  X(equal, true, "Equal")                                                 \
  X(not_equal, true, "Equal Not")                                         \
  X(where, true, "Where")                                                 \
  X(negate, true, "Neg")                                                  \
  X(exp, true, "Exp")                                                     \
  X(expm1, true, "Exp Sub")                                               \
  X(log, true, "Log")                                                     \
  X(log1p, true, "Add Log")                                               \
  X(sqrt, true, "Sqrt")                                                   \
  X(abs, true, "Abs")                                                     \
  X(row_sum, false, "ReduceSum")                                          \
  X(row_mean, false, "ReduceMean")                                        \
  X(row_max, false, "ReduceMax")                                          \
  X(row_min, false, "ReduceMin")                                          \
  X(row_argmax, false, "ArgMax")                                          \
  X(logsumexp, false, "ReduceLogSumExp")                                  \
  X(l1_norm, false, "ReduceL1")                                           \
  X(l2_norm, false, "ReduceL2")                                           \
  X(logsumexp_rest, false, "ArgMax OneHot Where ReduceLogSumExp")         \
  X(log_odds, false, "ReduceMax Sub ArgMax OneHot Where ReduceLogSumExp") \
  X(softmax, false, "Softmax")                                            \
  X(log_softmax, false, "LogSoftmax")                                     \
  X(cumsum, false, "CumSum")                                              \
  X(sorted, false, "TopK")                                                \
  X(rank, false, "TopK ScatterElements")                                  \
  X(matmul, true, "Gemm")                                                 \
  X(squared_distances, true, "ReduceSumSquare Gemm Add Max")              \
  X(take_row, false, "Gather")                                            \
  X(gather_columns, false, "GatherElements")                              \
  X(slice_columns, false, "Slice")                                        \
  X(select_columns, false, "Gather")                                      \
  X(concat, false, "Concat")                                              \
  X(ecdf, true, "Unsqueeze LessOrEqual ReduceMean")                       \
  X(row_histogram, false, "GreaterOrEqual Less And ReduceSum")            \
  X(bucketize, false, "native")                                           \
  X(over_rows, false, "the body, then ReduceSum, ReduceLogSumExp or TopK")

enum class Op {
#define X(name, column_wise, onnx) name,
  NESCIO_OPERATIONS(X)
#undef X
};

struct OpInfo {
  std::string_view name;
  bool column_wise;
  std::string_view onnx;
};

inline constexpr OpInfo op_table[] = {
#define X(name, column_wise, onnx) {#name, column_wise, onnx},
    NESCIO_OPERATIONS(X)
#undef X
};
inline constexpr std::size_t op_count = sizeof op_table / sizeof op_table[0];

constexpr const OpInfo& info(Op op) { return op_table[static_cast<std::size_t>(op)]; }

}  // namespace nescio
