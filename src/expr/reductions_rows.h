// Rows of reductions over the columns of a row, and of what needs such a reduction.
#pragma once

#include "expr/op_info.h"

namespace nescio::expr {

/// Group g of the columns for column g of the result.
std::vector<ColumnRange> columns_of_groups(const Graph&, const Node&, std::size_t, ColumnRange);

inline constexpr OpInfo reduction{.columns = columns_of_groups};

#define NESCIO_REDUCTIONS(X)                     \
  X(row_sum, reduction)                          \
  X(row_mean, reduction)                         \
  X(row_max, reduction)                          \
  X(row_min, reduction)                          \
  X(row_argmax, reduction)                       \
  X(logsumexp, reduction)                        \
  X(l1_norm, reduction)                          \
  X(l2_norm, reduction)                          \
  X(sum_of_squares, reduction)                   \
  X(logsumexp_rest, reduction)                   \
  X(log_odds, reduction)                         \
  X(softmax, OpInfo{.columns = all_columns})     \
  X(log_softmax, OpInfo{.columns = all_columns}) \
  X(cumsum, OpInfo{.columns = leading_columns, .prefix = true})

}  // namespace nescio::expr
