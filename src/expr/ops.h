// The one table of operations, put together from the rows of each family.
//
// Everything that planning and executors know about an operation is its row. A family is a set of files side by
// side: x_rows.h (rows), x.h and x.cpp (builders), x_reference.cpp, x_cpu.cpp, x_onnx.cpp and, in expr_torch/,
// x_torch.cpp (a function for each operation; a missing one is a link error) and x_test.cpp (cases).
#pragma once

#include <cstddef>

#include "expr/arithmetic_rows.h"
#include "expr/op_info.h"
#include "expr/order_rows.h"
#include "expr/reductions_rows.h"
#include "expr/tables_rows.h"
#include "expr/tiles_rows.h"

namespace nescio::expr {

/// X(name, OpInfo) for every operation that executors compute.
#define NESCIO_OPERATIONS(X) \
  NESCIO_ARITHMETIC(X)       \
  NESCIO_REDUCTIONS(X)       \
  NESCIO_ORDER(X)            \
  NESCIO_TABLES(X)           \
  NESCIO_TILES(X)

/// What a program is given: arrays of the batch and fitted tables.
#define NESCIO_LEAVES(X)                               \
  X(input, OpInfo{.arity = 0, .columns = all_columns}) \
  X(constant, OpInfo{.arity = 0, .columns = all_columns})

enum class Op {
#define X(name, ...) name,
  NESCIO_LEAVES(X) NESCIO_OPERATIONS(X)
#undef X
};
// The order of the rows means nothing: a range of operations would change with a row put in between.
bool operator<(Op, Op) = delete;
bool operator<=(Op, Op) = delete;
bool operator>(Op, Op) = delete;
bool operator>=(Op, Op) = delete;

constexpr OpInfo named(std::string_view name, OpInfo row) {
  row.name = name;
  return row;
}

inline constexpr OpInfo op_table[] = {
#define X(name, ...) named(#name, __VA_ARGS__),
    NESCIO_LEAVES(X) NESCIO_OPERATIONS(X)
#undef X
};
inline constexpr std::size_t op_count = sizeof op_table / sizeof op_table[0];

constexpr const OpInfo& info(Op op) { return op_table[static_cast<std::size_t>(op)]; }
constexpr bool is_leaf(Op op) { return info(op).arity == 0; }

}  // namespace nescio::expr
