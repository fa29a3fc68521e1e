// The plain loop of each operation in double precision; x_reference.cpp has those of a family.
#pragma once

#include <span>

#include "expr/graph.h"

namespace nescio::expr {

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
/// Of an operation that is no leaf.
ReferenceKernel reference_kernel(Op op);

namespace reference {

#define X(name, ...) void name(const ReferenceCall& call);
NESCIO_OPERATIONS(X)
#undef X

// What families share.

/// f(value) for each element.
template <class F>
void by_element(const ReferenceCall& call, F f) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    for (std::size_t c = 0; c < call.node.width; ++c) {
      call.result(r, c) = f(call.arguments[0](r, c));
    }
  }
}

/// f(row of the argument, row of the result)
template <class F>
void by_row(const ReferenceCall& call, F f) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    f(std::span(call.arguments[0].row(r), call.arguments[0].width), &call.result(r, 0));
  }
}

/// log sum e^x, the maximum taken out.
double log_sum_exp(std::span<const double> x);
void sort_row(std::span<const double> x, bool descending, double* out);

}  // namespace reference
}  // namespace nescio::expr
