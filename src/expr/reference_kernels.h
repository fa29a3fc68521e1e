// The plain loop of each operation in double precision.
#pragma once

#include <span>

#include "expr/graph.h"

namespace nescio {

/// Values of an argument; one row or one column stands for all.
struct ReferenceValues {
  const double* data;
  std::size_t rows;
  std::size_t width;

  double operator()(std::size_t r, std::size_t c) const {
    return data[(rows == 1 ? 0 : r) * width + (width == 1 ? 0 : c)];
  }
  const double* row(std::size_t r) const { return data + (rows == 1 ? 0 : r) * width; }
};

struct ReferenceCall {
  const Node& node;
  std::size_t rows;
  std::span<const ReferenceValues> arguments;
  double* out;  // [rows, node.width]

  double& result(std::size_t r, std::size_t c) const { return out[r * node.width + c]; }
};

using ReferenceKernel = void (*)(const ReferenceCall&);
ReferenceKernel reference_kernel(Op op);

}  // namespace nescio
