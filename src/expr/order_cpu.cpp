// Sorting, ranks and empirical distributions of floats.
#include <algorithm>

#include "expr/cpu_kernels.h"
#include "math/top_k.h"

namespace nescio::expr {
namespace {

std::size_t scratch_of_sort(std::size_t, std::size_t width) {
  return math::sort_scratch_floats(width);
}

}  // namespace

const CpuKernel cpu::sorted{.run =
                                [](const CpuCall& c) {
                                  const auto order = c.node.integers[0] != 0
                                                         ? math::Order::descending
                                                         : math::Order::ascending;
                                  const CpuValues& x = c.arguments[0];
                                  math::sort_rows(x.data, x.row_stride, c.rows, x.width, c.columns,
                                                  order, c.scratch, c.out, nullptr);
                                },
                            .scratch = scratch_of_sort};

// Scratch: that of the sort, then a row in order and its columns.
const CpuKernel cpu::rank{
    .run =
        [](const CpuCall& c) {
          float* values = c.scratch + math::sort_scratch_floats(c.columns);
          float* columns = values + c.columns;
          by_row(c, [&](auto x, float* out) {
            math::sort_rows(x.data(), x.size(), 1, x.size(), x.size(), math::Order::ascending,
                            c.scratch, values, columns);
            for (std::size_t i = 0; i < x.size(); ++i) {
              out[static_cast<std::size_t>(columns[i])] = static_cast<float>(i);
            }
          });
        },
    .scratch = [](std::size_t rows,
                  std::size_t width) { return scratch_of_sort(rows, width) + 2 * width; }};

const CpuKernel cpu::ecdf{[](const CpuCall& c) {
  const std::span table(c.arguments[1].data, c.arguments[1].width);
  for (std::size_t r = 0; r < c.rows; ++r) {
    for (std::size_t j = 0; j < c.columns; ++j) {
      const auto below = std::ranges::upper_bound(table, c.arguments[0](r, j)) - table.begin();
      c.out[r * c.columns + j] =
          static_cast<float>(static_cast<double>(below) / static_cast<double>(table.size()));
    }
  }
}};

const CpuKernel cpu::row_histogram{[](const CpuCall& c) {
  const std::span edges(c.arguments[1].data, c.arguments[1].width);
  by_row(c, [&](auto x, float* out) {
    std::fill_n(out, c.columns, 0.0f);
    for (const float v : x) {
      if (!(v >= edges.front() && v <= edges.back())) continue;
      const auto above = std::ranges::upper_bound(edges, v) - edges.begin();
      out[std::min(static_cast<std::size_t>(above), c.columns) - 1] += 1;
    }
  });
}};

const CpuKernel cpu::bucketize{[](const CpuCall& c) {
  const CpuValues& borders = c.arguments[1];
  for (std::size_t r = 0; r < c.rows; ++r) {
    for (std::size_t j = 0; j < c.columns; ++j) {
      const float v = c.arguments[0](r, j);
      std::size_t first = 0, last = borders.rows;
      while (first < last) {
        const std::size_t middle = (first + last) / 2;
        if (borders.data[middle * borders.width + j] <= v) {
          first = middle + 1;
        } else {
          last = middle;
        }
      }
      c.out[r * c.columns + j] = static_cast<float>(first);
    }
  }
}};

}  // namespace nescio::expr
