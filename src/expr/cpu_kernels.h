// The float kernel of each operation on one block of rows; x_cpu.cpp has those of a family.
#pragma once

#include <span>

#include "expr/graph.h"
#include "math/column_bands.h"
#include "math/distance_table.h"

namespace nescio::expr {

/// Element (r, c) of an argument is data[r * row_stride + c]; one row (row_stride 0) or one column
/// (width 1) stands for all. `rows` counts the rows of a table; values of the batch have those of
/// the block.
struct CpuValues {
  const float* data;
  std::size_t rows;
  std::size_t width;
  std::size_t row_stride;
  const float* rest = nullptr;  // of a constant in double: what its floats leave of it
  std::span<const math::ColumnBand> bands =
      {};  // of a table that rows are multiplied by, where they pay

  float operator()(std::size_t r, std::size_t c) const {
    return data[r * row_stride + (width == 1 ? 0 : c)];
  }
};

struct CpuCall {
  const Node& node;
  std::size_t rows;
  std::span<const CpuValues> arguments;
  float* scratch;                // what the kernel asked for
  float* out;                    // [rows, columns], contiguous
  std::size_t columns;           // how many are wanted: the first, or from first_column on
  std::size_t first_column = 0;  // of a tile; operands are cut to it, other tables not
  const math::DistanceTable* table = nullptr;  // of TableRole::nearest
};

/// Kernels allocate nothing: what they need beside the result is the plan's workspace.
struct CpuKernel {
  void (*run)(const CpuCall& call);
  /// Floats of scratch for a block of rows whose first argument is `width` wide; null: none.
  std::size_t (*scratch)(std::size_t rows, std::size_t width) = nullptr;
};

/// Of an operation that is no leaf.
const CpuKernel& cpu_kernel(Op op);

namespace cpu {

#define X(name, ...) extern const CpuKernel name;
NESCIO_OPERATIONS(X)
#undef X

/// f(row of the argument, row of the result)
template <class F>
void by_row(const CpuCall& c, F f) {
  const CpuValues& x = c.arguments[0];
  for (std::size_t r = 0; r < c.rows; ++r) {
    f(std::span(x.data + r * x.row_stride, x.width), c.out + r * c.columns);
  }
}

}  // namespace cpu
}  // namespace nescio::expr
