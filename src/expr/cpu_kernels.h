// The float kernel of each operation on one block of rows.
#pragma once

#include <span>

#include "expr/graph.h"

namespace nescio {

/// Element (r, c) of an argument is data[r * row_stride + c]; one row (row_stride 0) or one column
/// (width 1) stands for all. `rows` counts the rows of a table; values of the batch have those of
/// the block.
struct CpuValues {
  const float* data;
  std::size_t rows;
  std::size_t width;
  std::size_t row_stride;
};

struct CpuCall {
  const Node& node;
  std::size_t rows;
  std::span<const CpuValues> arguments;
  const float* row_norms;  // squared_distances: |row|^2 of the table
  float* scratch;          // one value for each row
  float* out;              // [rows, columns], contiguous
  std::size_t columns;     // how many columns are wanted: a prefix of node.width, or a tile of it
};

using CpuKernel = void (*)(const CpuCall&);
CpuKernel cpu_kernel(Op op);

}  // namespace nescio
