// The float kernel of each operation on one block of rows.
#pragma once

#include <span>

#include "expr/graph.h"
#include "math/distance_table.h"

namespace nescio {

/// Element (r, c) of an argument is data[r * row_stride + c]; one row (row_stride 0) or one column
/// (width 1) stands for all. `rows` counts the rows of a table; values of the batch have those of
/// the block.
struct CpuValues {
  const float* data;
  std::size_t rows;
  std::size_t width;
  std::size_t row_stride;
  const float* rest =
      nullptr;  // of a constant in double: what its floats leave of it; null: nothing
};

struct CpuCall {
  const Node& node;
  std::size_t rows;
  std::span<const CpuValues> arguments;
  float* scratch;       // scratch_floats() of them
  float* out;           // [rows, columns], contiguous
  std::size_t columns;  // how many columns are wanted: a prefix of node.width, or a tile of it
  std::size_t first_column = 0;                // of the tile
  const math::DistanceTable* table = nullptr;  // squared_distances: the second argument
};

using CpuKernel = void (*)(const CpuCall&);
CpuKernel cpu_kernel(Op op);
/// What a kernel that is no tile's needs for a block of rows, its argument being `width` wide.
std::size_t scratch_floats(Op op, std::size_t rows, std::size_t width);

}  // namespace nescio
