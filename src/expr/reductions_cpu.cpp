// Reductions over the columns of a row, softmax and cumulative sums of floats.
#include "expr/cpu_kernels.h"
#include "math/row_kernels.h"

namespace nescio::expr {
namespace {

/// f(x, stride, rows, width, y, y_stride) for each group of columns.
template <class F>
void by_group(const CpuCall& c, F f) {
  const CpuValues& x = c.arguments[0];
  const auto& borders = c.node.integers;
  for (std::size_t g = 0; g < c.columns; ++g) {
    const std::size_t first = borders.empty() ? 0 : static_cast<std::size_t>(borders[g]);
    const std::size_t last = borders.empty() ? x.width : static_cast<std::size_t>(borders[g + 1]);
    f(x.data + first, x.row_stride, c.rows, last - first, c.out + g, c.columns);
  }
}

void reduce(math::Reduction op, const CpuCall& c) {
  by_group(c, [op](auto... arguments) { math::reduce(op, arguments...); });
}

}  // namespace

const CpuKernel cpu::row_sum{[](const CpuCall& c) { reduce(math::Reduction::sum, c); }};
const CpuKernel cpu::row_mean{[](const CpuCall& c) { reduce(math::Reduction::mean, c); }};
const CpuKernel cpu::row_max{[](const CpuCall& c) { reduce(math::Reduction::max, c); }};
const CpuKernel cpu::row_min{[](const CpuCall& c) { reduce(math::Reduction::min, c); }};
const CpuKernel cpu::row_argmax{[](const CpuCall& c) { by_group(c, math::argmax); }};
const CpuKernel cpu::logsumexp{[](const CpuCall& c) { reduce(math::Reduction::logsumexp, c); }};
const CpuKernel cpu::l1_norm{[](const CpuCall& c) { reduce(math::Reduction::l1_norm, c); }};
const CpuKernel cpu::l2_norm{[](const CpuCall& c) { reduce(math::Reduction::l2_norm, c); }};
const CpuKernel cpu::sum_of_squares{
    [](const CpuCall& c) { reduce(math::Reduction::sum_of_squares, c); }};

const CpuKernel cpu::logsumexp_rest{[](const CpuCall& c) { by_group(c, math::logsumexp_rest); }};
const CpuKernel cpu::log_odds{[](const CpuCall& c) { by_group(c, math::log_odds); }};
const CpuKernel cpu::softmax{[](const CpuCall& c) {
  math::softmax(c.arguments[0].data, c.arguments[0].row_stride, c.rows, c.columns, c.out);
}};
const CpuKernel cpu::log_softmax{[](const CpuCall& c) {
  math::log_softmax(c.arguments[0].data, c.arguments[0].row_stride, c.rows, c.columns, c.out);
}};
const CpuKernel cpu::cumsum{[](const CpuCall& c) {
  by_row(c, [&](auto x, float* out) {
    double sum = 0;
    for (std::size_t i = 0; i < c.columns; ++i) out[i] = static_cast<float>(sum += x[i]);
  });
}};

}  // namespace nescio::expr
