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
          const auto most = static_cast<std::size_t>(c.node.integers[0]);
          float* values = c.scratch + math::sort_scratch_floats(c.columns);
          float* columns = values + c.columns;
          by_row(c, [&](auto x, float* out) {
            math::sort_rows(x.data(), x.size(), 1, x.size(), most, math::Order::ascending,
                            c.scratch, values, columns);
            std::fill_n(out, x.size(), static_cast<float>(most));
            for (std::size_t i = 0; i < most; ++i) {
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

// A few columns for all rows after the other: of wide tables they alone stay in the cache.
const CpuKernel cpu::bucketize{[](const CpuCall& c) {
  constexpr std::size_t cached_columns = 32;
  const CpuValues& borders = c.arguments[1];
  const auto count_up_to = [&](float v, std::size_t column) {
    std::size_t first = 0;
    for (std::size_t left = borders.rows; left > 0;) {
      const std::size_t half = left / 2;
      const bool up = borders.data[(first + half) * borders.width + column] <= v;
      first += up ? half + 1 : 0;
      left = up ? left - half - 1 : half;
    }
    return static_cast<float>(first);
  };
  for (std::size_t begin = 0; begin < c.columns; begin += cached_columns) {
    const std::size_t end = std::min(begin + cached_columns, c.columns);
    for (std::size_t r = 0; r < c.rows; ++r) {
      for (std::size_t j = begin; j < end; ++j) {
        c.out[r * c.columns + j] = count_up_to(c.arguments[0](r, j), j);
      }
    }
  }
}};

}  // namespace nescio::expr
