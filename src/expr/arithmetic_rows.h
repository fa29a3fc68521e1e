// Rows of arithmetic, comparisons and elementary functions: element by element.
#pragma once

#include "expr/op_info.h"

namespace nescio::expr {

constexpr OpInfo elementwise_row(std::size_t arity) {
  return {.arity = arity,
          .columns = same_columns,
          .column_wise = true,
          .in_place = true,
          .table_role = TableRole::operand};
}

/// Its kernel does not promise to read an element before it writes there.
constexpr OpInfo not_in_place(OpInfo row) {
  row.in_place = false;
  return row;
}

#define NESCIO_ARITHMETIC(X)                 \
  X(add, elementwise_row(2))                 \
  X(subtract, elementwise_row(2))            \
  X(multiply, elementwise_row(2))            \
  X(divide, elementwise_row(2))              \
  X(minimum, elementwise_row(2))             \
  X(maximum, elementwise_row(2))             \
  X(power, elementwise_row(2))               \
  X(logaddexp, elementwise_row(2))           \
  X(less, elementwise_row(2))                \
  X(less_equal, elementwise_row(2))          \
  X(greater, elementwise_row(2))             \
  X(greater_equal, elementwise_row(2))       \
  X(equal, elementwise_row(2))               \
  X(not_equal, elementwise_row(2))           \
  X(where, not_in_place(elementwise_row(3))) \
  X(negate, elementwise_row(1))              \
  X(exp, elementwise_row(1))                 \
  X(expm1, elementwise_row(1))               \
  X(log, elementwise_row(1))                 \
  X(log1p, elementwise_row(1))               \
  X(sqrt, elementwise_row(1))                \
  X(abs, elementwise_row(1))

}  // namespace nescio::expr
