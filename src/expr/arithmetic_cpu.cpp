// Arithmetic, comparisons and elementary functions on floats.
#include <algorithm>

#include "expr/cpu_kernels.h"
#include "math/row_kernels.h"

namespace nescio::expr {
namespace {

// Whole matrices and single columns are one long row to the kernels: no loop over short rows.
struct Broadcast {
  explicit Broadcast(const CpuCall& call) : rows(call.rows), width(call.columns) {
    flat = std::ranges::all_of(call.arguments, [&](const CpuValues& a) {
      const bool scalar = a.width == 1 && a.row_stride == 0;
      const bool same = a.width == width && a.row_stride == width;
      return scalar || same;
    });
    if (flat) {
      width *= rows;
      rows = 1;
    }
  }
  math::Operand operator()(const CpuValues& a) const {
    const bool scalar = a.width == 1 && a.row_stride == 0;
    if (scalar) return {a.data, 0, 0};
    if (flat) return {a.data, 0, 1};
    return {a.data, a.row_stride, a.width == 1 ? 0u : 1u};
  }
  std::size_t rows, width;
  bool flat;
};

void binary(math::Binary op, const CpuCall& c) {
  const Broadcast shape(c);
  math::apply(op, shape(c.arguments[0]), shape(c.arguments[1]), c.out, shape.rows, shape.width);
}

/// out = out op the rest of a constant.
void add_rest(math::Binary op, const CpuValues& a, const CpuCall& c) {
  if (!a.rest) return;
  math::apply(op, {c.out, c.columns, 1}, {a.rest, 0, a.width == 1 ? 0u : 1u}, c.out, c.rows,
              c.columns);
}

void unary(math::Unary op, const CpuCall& c) {
  const CpuValues& x = c.arguments[0];
  if (x.row_stride == c.columns) {
    math::apply(op, x.data, c.out, c.rows * c.columns);
    return;
  }
  for (std::size_t r = 0; r < c.rows; ++r) {
    math::apply(op, x.data + r * x.row_stride, c.out + r * c.columns, c.columns);
  }
}

}  // namespace

// Constants in double are added as two floats: x - mean far from the origin has digits that the
// mean as one float has not.
const CpuKernel cpu::add{[](const CpuCall& c) {
  binary(math::Binary::add, c);
  for (const CpuValues& a : c.arguments) add_rest(math::Binary::add, a, c);
}};
const CpuKernel cpu::subtract{[](const CpuCall& c) {
  binary(math::Binary::subtract, c);
  add_rest(math::Binary::add, c.arguments[0], c);
  add_rest(math::Binary::subtract, c.arguments[1], c);
}};
const CpuKernel cpu::multiply{[](const CpuCall& c) { binary(math::Binary::multiply, c); }};
const CpuKernel cpu::divide{[](const CpuCall& c) { binary(math::Binary::divide, c); }};
const CpuKernel cpu::minimum{[](const CpuCall& c) { binary(math::Binary::min, c); }};
const CpuKernel cpu::maximum{[](const CpuCall& c) { binary(math::Binary::max, c); }};
const CpuKernel cpu::power{[](const CpuCall& c) { binary(math::Binary::pow, c); }};
const CpuKernel cpu::logaddexp{[](const CpuCall& c) { binary(math::Binary::logaddexp, c); }};
const CpuKernel cpu::less{[](const CpuCall& c) { binary(math::Binary::less, c); }};
const CpuKernel cpu::less_equal{[](const CpuCall& c) { binary(math::Binary::less_equal, c); }};
const CpuKernel cpu::greater{[](const CpuCall& c) { binary(math::Binary::greater, c); }};
const CpuKernel cpu::greater_equal{
    [](const CpuCall& c) { binary(math::Binary::greater_equal, c); }};
const CpuKernel cpu::equal{[](const CpuCall& c) { binary(math::Binary::equal, c); }};
const CpuKernel cpu::not_equal{[](const CpuCall& c) { binary(math::Binary::not_equal, c); }};
const CpuKernel cpu::where{[](const CpuCall& c) {
  const Broadcast shape(c);
  math::where(shape(c.arguments[0]), shape(c.arguments[1]), shape(c.arguments[2]), c.out,
              shape.rows, shape.width);
}};
const CpuKernel cpu::negate{[](const CpuCall& c) { unary(math::Unary::negate, c); }};
const CpuKernel cpu::exp{[](const CpuCall& c) { unary(math::Unary::exp, c); }};
const CpuKernel cpu::expm1{[](const CpuCall& c) { unary(math::Unary::expm1, c); }};
const CpuKernel cpu::log{[](const CpuCall& c) { unary(math::Unary::log, c); }};
const CpuKernel cpu::log1p{[](const CpuCall& c) { unary(math::Unary::log1p, c); }};
const CpuKernel cpu::sqrt{[](const CpuCall& c) { unary(math::Unary::sqrt, c); }};
const CpuKernel cpu::abs{[](const CpuCall& c) { unary(math::Unary::abs, c); }};

}  // namespace nescio::expr
