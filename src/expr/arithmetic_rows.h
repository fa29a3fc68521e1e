// Rows of arithmetic, comparisons and elementary functions: element by element.
#pragma once

#include "expr/op_info.h"

namespace nescio::expr {

constexpr OpInfo elementwise_row(std::size_t arity, std::string_view onnx) {
  return {.arity = arity,
          .columns = same_columns,
          .column_wise = true,
          .in_place = true,
          .table_role = TableRole::operand,
          .onnx = onnx};
}

/// Its kernel does not promise to read an element before it writes there.
constexpr OpInfo not_in_place(OpInfo row) {
  row.in_place = false;
  return row;
}

#define NESCIO_ARITHMETIC(X)                                  \
  X(add, elementwise_row(2, "Add"))                           \
  X(subtract, elementwise_row(2, "Sub"))                      \
  X(multiply, elementwise_row(2, "Mul"))                      \
  X(divide, elementwise_row(2, "Div"))                        \
  X(minimum, elementwise_row(2, "Min"))                       \
  X(maximum, elementwise_row(2, "Max"))                       \
  X(power, elementwise_row(2, "Pow"))                         \
  X(logaddexp, elementwise_row(2, "Max Sub Abs Exp Log Add")) \
  X(less, elementwise_row(2, "Less"))                         \
  X(less_equal, elementwise_row(2, "LessOrEqual"))            \
  X(greater, elementwise_row(2, "Greater"))                   \
  X(greater_equal, elementwise_row(2, "GreaterOrEqual"))      \
  X(equal, elementwise_row(2, "Equal"))                       \
  X(not_equal, elementwise_row(2, "Equal Not"))               \
  X(where, not_in_place(elementwise_row(3, "Where")))         \
  X(negate, elementwise_row(1, "Neg"))                        \
  X(exp, elementwise_row(1, "Exp"))                           \
  X(expm1, elementwise_row(1, "Exp Sub"))                     \
  X(log, elementwise_row(1, "Log"))                           \
  X(log1p, elementwise_row(1, "Add Log"))                     \
  X(sqrt, elementwise_row(1, "Sqrt"))                         \
  X(abs, elementwise_row(1, "Abs"))

}  // namespace nescio::expr
