#include "expr/cpu_kernels.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>
#include <vector>

#include "math/gemm.h"
#include "math/row_kernels.h"
#include "math/top_k.h"

namespace nescio {
namespace {

template <Op op>
void evaluate(const CpuCall& call);

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

/// f(row of x, row of out)
template <class F>
void by_row(const CpuCall& c, F f) {
  const CpuValues& x = c.arguments[0];
  for (std::size_t r = 0; r < c.rows; ++r) {
    f(std::span(x.data + r * x.row_stride, x.width), c.out + r * c.columns);
  }
}

float value(const CpuValues& a, std::size_t r, std::size_t c) {
  return a.data[r * a.row_stride + (a.width == 1 ? 0 : c)];
}

template <>
[[maybe_unused]] void evaluate<Op::input>(const CpuCall&) {
  assert(false);
}
template <>
[[maybe_unused]] void evaluate<Op::constant>(const CpuCall&) {
  assert(false);
}
template <>
[[maybe_unused]] void evaluate<Op::over_rows>(const CpuCall&) {
  assert(false);  // the executor's tile loop
}

// Constants in double are added as two floats: x - mean far from the origin has digits that the
// mean as one float has not.
template <>
void evaluate<Op::add>(const CpuCall& c) {
  binary(math::Binary::add, c);
  for (const CpuValues& a : c.arguments) add_rest(math::Binary::add, a, c);
}
template <>
void evaluate<Op::subtract>(const CpuCall& c) {
  binary(math::Binary::subtract, c);
  add_rest(math::Binary::add, c.arguments[0], c);
  add_rest(math::Binary::subtract, c.arguments[1], c);
}
template <>
void evaluate<Op::multiply>(const CpuCall& c) {
  binary(math::Binary::multiply, c);
}
template <>
void evaluate<Op::divide>(const CpuCall& c) {
  binary(math::Binary::divide, c);
}
template <>
void evaluate<Op::minimum>(const CpuCall& c) {
  binary(math::Binary::min, c);
}
template <>
void evaluate<Op::maximum>(const CpuCall& c) {
  binary(math::Binary::max, c);
}
template <>
void evaluate<Op::power>(const CpuCall& c) {
  binary(math::Binary::pow, c);
}
template <>
void evaluate<Op::logaddexp>(const CpuCall& c) {
  binary(math::Binary::logaddexp, c);
}
template <>
void evaluate<Op::less>(const CpuCall& c) {
  binary(math::Binary::less, c);
}
template <>
void evaluate<Op::less_equal>(const CpuCall& c) {
  binary(math::Binary::less_equal, c);
}
template <>
void evaluate<Op::greater>(const CpuCall& c) {
  binary(math::Binary::greater, c);
}
template <>
void evaluate<Op::greater_equal>(const CpuCall& c) {
  binary(math::Binary::greater_equal, c);
}
template <>
void evaluate<Op::equal>(const CpuCall& c) {
  binary(math::Binary::equal, c);
}
template <>
void evaluate<Op::not_equal>(const CpuCall& c) {
  binary(math::Binary::not_equal, c);
}
template <>
void evaluate<Op::where>(const CpuCall& c) {
  const Broadcast shape(c);
  math::where(shape(c.arguments[0]), shape(c.arguments[1]), shape(c.arguments[2]), c.out,
              shape.rows, shape.width);
}

template <>
void evaluate<Op::negate>(const CpuCall& c) {
  unary(math::Unary::negate, c);
}
template <>
void evaluate<Op::exp>(const CpuCall& c) {
  unary(math::Unary::exp, c);
}
template <>
void evaluate<Op::expm1>(const CpuCall& c) {
  unary(math::Unary::expm1, c);
}
template <>
void evaluate<Op::log>(const CpuCall& c) {
  unary(math::Unary::log, c);
}
template <>
void evaluate<Op::log1p>(const CpuCall& c) {
  unary(math::Unary::log1p, c);
}
template <>
void evaluate<Op::sqrt>(const CpuCall& c) {
  unary(math::Unary::sqrt, c);
}
template <>
void evaluate<Op::abs>(const CpuCall& c) {
  unary(math::Unary::abs, c);
}

template <>
void evaluate<Op::row_sum>(const CpuCall& c) {
  reduce(math::Reduction::sum, c);
}
template <>
void evaluate<Op::row_mean>(const CpuCall& c) {
  reduce(math::Reduction::mean, c);
}
template <>
void evaluate<Op::row_max>(const CpuCall& c) {
  reduce(math::Reduction::max, c);
}
template <>
void evaluate<Op::row_min>(const CpuCall& c) {
  reduce(math::Reduction::min, c);
}
template <>
void evaluate<Op::row_argmax>(const CpuCall& c) {
  by_group(c, math::argmax);
}
template <>
void evaluate<Op::logsumexp>(const CpuCall& c) {
  reduce(math::Reduction::logsumexp, c);
}
template <>
void evaluate<Op::logsumexp_rest>(const CpuCall& c) {
  by_group(c, math::logsumexp_rest);
}
template <>
void evaluate<Op::log_odds>(const CpuCall& c) {
  by_group(c, math::log_odds);
}
template <>
void evaluate<Op::l1_norm>(const CpuCall& c) {
  reduce(math::Reduction::l1_norm, c);
}
template <>
void evaluate<Op::l2_norm>(const CpuCall& c) {
  reduce(math::Reduction::l2_norm, c);
}

template <>
void evaluate<Op::softmax>(const CpuCall& c) {
  math::softmax(c.arguments[0].data, c.arguments[0].row_stride, c.rows, c.columns, c.out);
}
template <>
void evaluate<Op::log_softmax>(const CpuCall& c) {
  math::log_softmax(c.arguments[0].data, c.arguments[0].row_stride, c.rows, c.columns, c.out);
}
template <>
void evaluate<Op::cumsum>(const CpuCall& c) {
  by_row(c, [&](auto x, float* out) {
    double sum = 0;
    for (std::size_t i = 0; i < c.columns; ++i) out[i] = static_cast<float>(sum += x[i]);
  });
}
template <>
void evaluate<Op::sorted>(const CpuCall& c) {
  const auto order = c.node.integers[0] != 0 ? math::Order::descending : math::Order::ascending;
  const CpuValues& x = c.arguments[0];
  math::sort_rows(x.data, x.row_stride, c.rows, x.width, c.columns, order, c.out, nullptr);
}
template <>
void evaluate<Op::rank>(const CpuCall& c) {
  float* values = c.scratch;
  float* columns = c.scratch + c.columns;
  by_row(c, [&](auto x, float* out) {
    math::sort_rows(x.data(), x.size(), 1, x.size(), x.size(), math::Order::ascending, values,
                    columns);
    for (std::size_t i = 0; i < x.size(); ++i) {
      out[static_cast<std::size_t>(columns[i])] = static_cast<float>(i);
    }
  });
}

// `columns` of the table's columns (or rows), from where the argument points to.
template <>
void evaluate<Op::matmul>(const CpuCall& c) {
  const CpuValues& x = c.arguments[0];
  const CpuValues& table = c.arguments[1];
  math::gemm(c.node.integers[0] != 0, c.rows, c.columns, x.width, 1.0f, x.data, x.row_stride,
             table.data, table.width, 0.0f, c.out, c.columns);
}
template <>
void evaluate<Op::squared_distances>(const CpuCall& c) {
  const CpuValues& x = c.arguments[0];
  c.table->distances({x.data, c.rows, x.width, x.row_stride}, c.first_column, c.columns, c.scratch,
                     c.out);
}
template <>
void evaluate<Op::take_row>(const CpuCall& c) {
  for (std::size_t r = 0; r < c.rows; ++r) {
    const auto row = static_cast<std::size_t>(value(c.arguments[1], r, 0));
    std::copy_n(c.arguments[0].data + row * c.columns, c.columns, c.out + r * c.columns);
  }
}
template <>
void evaluate<Op::gather_columns>(const CpuCall& c) {
  for (std::size_t r = 0; r < c.rows; ++r) {
    for (std::size_t j = 0; j < c.columns; ++j) {
      const auto from = static_cast<std::size_t>(value(c.arguments[1], r, j));
      c.out[r * c.columns + j] = value(c.arguments[0], r, from);
    }
  }
}
template <>
void evaluate<Op::slice_columns>(const CpuCall& c) {
  by_row(c,
         [&](auto x, float* out) { std::copy_n(x.data() + c.node.integers[0], c.columns, out); });
}
template <>
void evaluate<Op::select_columns>(const CpuCall& c) {
  by_row(c, [&](auto x, float* out) {
    for (const std::int64_t i : c.node.integers) *out++ = x[static_cast<std::size_t>(i)];
  });
}
template <>
void evaluate<Op::concat>(const CpuCall& c) {
  for (std::size_t r = 0; r < c.rows; ++r) {
    float* out = c.out + r * c.columns;
    for (const CpuValues& part : c.arguments) {
      out = std::copy_n(part.data + r * part.row_stride, part.width, out);
    }
  }
}
template <>
void evaluate<Op::ecdf>(const CpuCall& c) {
  const std::span table(c.arguments[1].data, c.arguments[1].width);
  for (std::size_t r = 0; r < c.rows; ++r) {
    for (std::size_t j = 0; j < c.columns; ++j) {
      const auto below =
          std::ranges::upper_bound(table, value(c.arguments[0], r, j)) - table.begin();
      c.out[r * c.columns + j] =
          static_cast<float>(static_cast<double>(below) / static_cast<double>(table.size()));
    }
  }
}
template <>
void evaluate<Op::row_histogram>(const CpuCall& c) {
  const std::span edges(c.arguments[1].data, c.arguments[1].width);
  by_row(c, [&](auto x, float* out) {
    std::fill_n(out, c.columns, 0.0f);
    for (const float v : x) {
      if (!(v >= edges.front() && v <= edges.back())) continue;
      const auto above = std::ranges::upper_bound(edges, v) - edges.begin();
      out[std::min(static_cast<std::size_t>(above), c.columns) - 1] += 1;
    }
  });
}
template <>
void evaluate<Op::bucketize>(const CpuCall& c) {
  const CpuValues& borders = c.arguments[1];
  for (std::size_t r = 0; r < c.rows; ++r) {
    for (std::size_t j = 0; j < c.columns; ++j) {
      const float v = value(c.arguments[0], r, j);
      std::size_t below = 0;
      while (below < borders.rows && borders.data[below * borders.width + j] <= v) ++below;
      c.out[r * c.columns + j] = static_cast<float>(below);
    }
  }
}

}  // namespace

std::size_t scratch_floats(Op op, std::size_t rows, std::size_t width) {
  if (op == Op::squared_distances) return math::DistanceTable::scratch_floats(rows, width);
  return op == Op::rank ? 2 * width : 0;
}

CpuKernel cpu_kernel(Op op) {
  static constexpr auto kernels = []<std::size_t... i>(std::index_sequence<i...>) {
    return std::array<CpuKernel, op_count>{&evaluate<static_cast<Op>(i)>...};
  }
  (std::make_index_sequence<op_count>{});
  return kernels[static_cast<std::size_t>(op)];
}

}  // namespace nescio
