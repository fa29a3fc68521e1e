// Products with tables, distances to their rows, and picking of columns of floats.
#include <algorithm>

#include "expr/cpu_kernels.h"
#include "math/gemm.h"

namespace nescio::expr {

const CpuKernel cpu::matmul{[](const CpuCall& c) {
  const CpuValues& x = c.arguments[0];
  const CpuValues& table = c.arguments[1];
  const bool by_rows = c.node.integers[0] != 0;
  // A row alone is bound by reading the table, and whole rows of it are read faster than pieces.
  if (!by_rows && c.rows > 1 && !table.bands.empty()) {
    return math::multiply_bands(table.bands, c.rows, x.data, x.row_stride, table.data, table.width,
                                c.first_column, c.columns, c.out, c.columns);
  }
  const float* wanted = table.data + c.first_column * (by_rows ? table.width : 1);
  math::gemm(by_rows, c.rows, c.columns, x.width, 1.0f, x.data, x.row_stride, wanted, table.width,
             0.0f, c.out, c.columns);
}};

const CpuKernel cpu::squared_distances{.run =
                                           [](const CpuCall& c) {
                                             const CpuValues& x = c.arguments[0];
                                             c.table->distances(
                                                 {x.data, c.rows, x.width, x.row_stride},
                                                 c.first_column, c.columns, c.scratch, c.out);
                                           },
                                       .scratch = math::DistanceTable::scratch_floats};

const CpuKernel cpu::take_row{[](const CpuCall& c) {
  for (std::size_t r = 0; r < c.rows; ++r) {
    const auto row = static_cast<std::size_t>(c.arguments[1](r, 0));
    std::copy_n(c.arguments[0].data + row * c.columns, c.columns, c.out + r * c.columns);
  }
}};

const CpuKernel cpu::gather_columns{[](const CpuCall& c) {
  for (std::size_t r = 0; r < c.rows; ++r) {
    for (std::size_t j = 0; j < c.columns; ++j) {
      const auto from = static_cast<std::size_t>(c.arguments[1](r, j));
      c.out[r * c.columns + j] = c.arguments[0](r, from);
    }
  }
}};

const CpuKernel cpu::slice_columns{[](const CpuCall& c) {
  by_row(c,
         [&](auto x, float* out) { std::copy_n(x.data() + c.node.integers[0], c.columns, out); });
}};

const CpuKernel cpu::select_columns{[](const CpuCall& c) {
  by_row(c, [&](auto x, float* out) {
    for (const std::int64_t i : c.node.integers) *out++ = x[static_cast<std::size_t>(i)];
  });
}};

const CpuKernel cpu::concat{[](const CpuCall& c) {
  for (std::size_t r = 0; r < c.rows; ++r) {
    float* out = c.out + r * c.columns;
    for (const CpuValues& part : c.arguments) {
      out = std::copy_n(part.data + r * part.row_stride, part.width, out);
    }
  }
}};

}  // namespace nescio::expr
