#include "expr/reference_kernels.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "expr/expr.h"

namespace nescio {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <Op op>
void evaluate(const ReferenceCall& call);

template <class F>
void unary(const ReferenceCall& call, F f) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    for (std::size_t c = 0; c < call.node.width; ++c)
      call.result(r, c) = f(call.arguments[0](r, c));
  }
}

template <class F>
void binary(const ReferenceCall& call, F f) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    for (std::size_t c = 0; c < call.node.width; ++c) {
      call.result(r, c) = f(call.arguments[0](r, c), call.arguments[1](r, c));
    }
  }
}

/// f(columns of one group) for each row and group.
template <class F>
void by_group(const ReferenceCall& call, F f) {
  const auto& x = call.arguments[0];
  const auto& borders = call.node.integers;
  for (std::size_t r = 0; r < call.rows; ++r) {
    for (std::size_t g = 0; g < call.node.width; ++g) {
      const std::size_t first = borders.empty() ? 0 : static_cast<std::size_t>(borders[g]);
      const std::size_t last = borders.empty() ? x.width : static_cast<std::size_t>(borders[g + 1]);
      call.result(r, g) = f(std::span(x.row(r) + first, last - first));
    }
  }
}

template <class F>
void by_row(const ReferenceCall& call, F f) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    f(std::span(call.arguments[0].row(r), call.arguments[0].width), &call.result(r, 0));
  }
}

double log_sum_exp(std::span<const double> x) {
  const double top = *std::ranges::max_element(x);
  if (std::isinf(top)) return top;
  double sum = 0;
  for (const double v : x) sum += std::exp(v - top);
  return top + std::log(sum);
}

double log_add_exp(double a, double b) {
  const double top = std::max(a, b);
  return std::isinf(top) ? top : top + std::log1p(std::exp(std::min(a, b) - top));
}

double logsumexp_rest_of(std::span<const double> x) {
  const auto top = static_cast<std::size_t>(std::ranges::max_element(x) - x.begin());
  std::vector<double> rest(x.begin(), x.end());
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(top));
  return rest.empty() ? -infinity : log_sum_exp(rest);
}

std::vector<std::size_t> order_of(std::span<const double> x) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return x[i]; });
  return order;
}

void sort_row(std::span<const double> x, bool descending, double* out) {
  std::vector<double> row(x.begin(), x.end());
  std::ranges::sort(row);
  if (descending) std::ranges::reverse(row);
  std::ranges::copy(row, out);
}

template <>
[[maybe_unused]] void evaluate<Op::input>(const ReferenceCall&) {
  assert(false);
}
template <>
[[maybe_unused]] void evaluate<Op::constant>(const ReferenceCall&) {
  assert(false);
}

template <>
void evaluate<Op::add>(const ReferenceCall& c) {
  binary(c, std::plus{});
}
template <>
void evaluate<Op::subtract>(const ReferenceCall& c) {
  binary(c, std::minus{});
}
template <>
void evaluate<Op::multiply>(const ReferenceCall& c) {
  binary(c, std::multiplies{});
}
template <>
void evaluate<Op::divide>(const ReferenceCall& c) {
  binary(c, std::divides{});
}
template <>
void evaluate<Op::minimum>(const ReferenceCall& c) {
  binary(c, [](double a, double b) { return std::isnan(b) || b < a ? b : a; });
}
template <>
void evaluate<Op::maximum>(const ReferenceCall& c) {
  binary(c, [](double a, double b) { return std::isnan(b) || b > a ? b : a; });
}
template <>
void evaluate<Op::power>(const ReferenceCall& c) {
  binary(c, [](double a, double b) { return std::pow(a, b); });
}
template <>
void evaluate<Op::logaddexp>(const ReferenceCall& c) {
  binary(c, log_add_exp);
}
template <>
void evaluate<Op::less>(const ReferenceCall& c) {
  binary(c, std::less{});
}
template <>
void evaluate<Op::less_equal>(const ReferenceCall& c) {
  binary(c, std::less_equal{});
}
template <>
void evaluate<Op::greater>(const ReferenceCall& c) {
  binary(c, std::greater{});
}
template <>
void evaluate<Op::greater_equal>(const ReferenceCall& c) {
  binary(c, std::greater_equal{});
}
template <>
void evaluate<Op::equal>(const ReferenceCall& c) {
  binary(c, std::equal_to{});
}
template <>
void evaluate<Op::not_equal>(const ReferenceCall& c) {
  binary(c, std::not_equal_to{});
}
template <>
void evaluate<Op::where>(const ReferenceCall& call) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    for (std::size_t c = 0; c < call.node.width; ++c) {
      call.result(r, c) = call.arguments[call.arguments[0](r, c) != 0 ? 1 : 2](r, c);
    }
  }
}

template <>
void evaluate<Op::negate>(const ReferenceCall& c) {
  unary(c, std::negate{});
}
template <>
void evaluate<Op::exp>(const ReferenceCall& c) {
  unary(c, [](double x) { return std::exp(x); });
}
template <>
void evaluate<Op::expm1>(const ReferenceCall& c) {
  unary(c, [](double x) { return std::expm1(x); });
}
template <>
void evaluate<Op::log>(const ReferenceCall& c) {
  unary(c, [](double x) { return std::log(x); });
}
template <>
void evaluate<Op::log1p>(const ReferenceCall& c) {
  unary(c, [](double x) { return std::log1p(x); });
}
template <>
void evaluate<Op::sqrt>(const ReferenceCall& c) {
  unary(c, [](double x) { return std::sqrt(x); });
}
template <>
void evaluate<Op::abs>(const ReferenceCall& c) {
  unary(c, [](double x) { return std::abs(x); });
}

template <>
void evaluate<Op::row_sum>(const ReferenceCall& c) {
  by_group(c, [](auto x) { return std::accumulate(x.begin(), x.end(), 0.0); });
}
template <>
void evaluate<Op::row_mean>(const ReferenceCall& c) {
  by_group(c, [](auto x) {
    return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
  });
}
template <>
void evaluate<Op::row_max>(const ReferenceCall& c) {
  by_group(c, [](auto x) { return *std::ranges::max_element(x); });
}
template <>
void evaluate<Op::row_min>(const ReferenceCall& c) {
  by_group(c, [](auto x) { return *std::ranges::min_element(x); });
}
template <>
void evaluate<Op::row_argmax>(const ReferenceCall& c) {
  by_group(c, [](auto x) { return static_cast<double>(std::ranges::max_element(x) - x.begin()); });
}
template <>
void evaluate<Op::logsumexp>(const ReferenceCall& c) {
  by_group(c, log_sum_exp);
}
template <>
void evaluate<Op::logsumexp_rest>(const ReferenceCall& c) {
  by_group(c, logsumexp_rest_of);
}
template <>
void evaluate<Op::log_odds>(const ReferenceCall& c) {
  by_group(c, [](auto x) { return logsumexp_rest_of(x) - *std::ranges::max_element(x); });
}
template <>
void evaluate<Op::l1_norm>(const ReferenceCall& c) {
  by_group(c, [](auto x) {
    double sum = 0;
    for (const double v : x) sum += std::abs(v);
    return sum;
  });
}
template <>
void evaluate<Op::l2_norm>(const ReferenceCall& c) {
  by_group(
      c, [](auto x) { return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0)); });
}

template <>
void evaluate<Op::softmax>(const ReferenceCall& c) {
  by_row(c, [](auto x, double* out) {
    const double lse = log_sum_exp(x);
    std::ranges::transform(x, out, [lse](double v) { return std::exp(v - lse); });
  });
}
template <>
void evaluate<Op::log_softmax>(const ReferenceCall& c) {
  by_row(c, [](auto x, double* out) {
    const double lse = log_sum_exp(x);
    std::ranges::transform(x, out, [lse](double v) { return v - lse; });
  });
}
template <>
void evaluate<Op::cumsum>(const ReferenceCall& c) {
  by_row(c, [](auto x, double* out) { std::partial_sum(x.begin(), x.end(), out); });
}
template <>
void evaluate<Op::sorted>(const ReferenceCall& c) {
  by_row(c, [&](auto x, double* out) { sort_row(x, c.node.integers[0] != 0, out); });
}
template <>
void evaluate<Op::rank>(const ReferenceCall& c) {
  by_row(c, [](auto x, double* out) {
    const auto order = order_of(x);
    for (std::size_t i = 0; i < order.size(); ++i) out[order[i]] = static_cast<double>(i);
  });
}

template <>
void evaluate<Op::matmul>(const ReferenceCall& call) {
  const auto& x = call.arguments[0];
  const auto& table = call.arguments[1];
  const bool by_rows = call.node.integers[0] != 0;
  for (std::size_t r = 0; r < call.rows; ++r) {
    for (std::size_t c = 0; c < call.node.width; ++c) {
      double sum = 0;
      for (std::size_t k = 0; k < x.width; ++k) {
        sum +=
            x(r, k) * (by_rows ? table.data[c * x.width + k] : table.data[k * call.node.width + c]);
      }
      call.result(r, c) = sum;
    }
  }
}
template <>
void evaluate<Op::squared_distances>(const ReferenceCall& call) {
  const auto& x = call.arguments[0];
  for (std::size_t r = 0; r < call.rows; ++r) {
    for (std::size_t c = 0; c < call.node.width; ++c) {
      double sum = 0;
      for (std::size_t k = 0; k < x.width; ++k) {
        const double difference = x(r, k) - call.arguments[1].data[c * x.width + k];
        sum += difference * difference;
      }
      call.result(r, c) = sum;
    }
  }
}
template <>
void evaluate<Op::take_row>(const ReferenceCall& call) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    const auto row = static_cast<std::size_t>(call.arguments[1](r, 0));
    for (std::size_t c = 0; c < call.node.width; ++c) {
      call.result(r, c) = call.arguments[0].data[row * call.node.width + c];
    }
  }
}
template <>
void evaluate<Op::gather_columns>(const ReferenceCall& call) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    for (std::size_t c = 0; c < call.node.width; ++c) {
      call.result(r, c) = call.arguments[0](r, static_cast<std::size_t>(call.arguments[1](r, c)));
    }
  }
}
template <>
void evaluate<Op::slice_columns>(const ReferenceCall& c) {
  by_row(c, [&](auto x, double* out) {
    std::copy(x.begin() + c.node.integers[0], x.begin() + c.node.integers[1], out);
  });
}
template <>
void evaluate<Op::select_columns>(const ReferenceCall& c) {
  by_row(c, [&](auto x, double* out) {
    for (const std::int64_t i : c.node.integers) *out++ = x[static_cast<std::size_t>(i)];
  });
}
template <>
void evaluate<Op::concat>(const ReferenceCall& call) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    double* out = &call.result(r, 0);
    for (const auto& part : call.arguments) {
      out = std::copy(part.row(r), part.row(r) + part.width, out);
    }
  }
}
template <>
void evaluate<Op::ecdf>(const ReferenceCall& c) {
  const std::span table(c.arguments[1].data, c.arguments[1].width);
  unary(c, [table](double x) {
    return static_cast<double>(std::ranges::upper_bound(table, x) - table.begin()) /
           static_cast<double>(table.size());
  });
}
template <>
void evaluate<Op::row_histogram>(const ReferenceCall& c) {
  const std::span edges(c.arguments[1].data, c.arguments[1].width);
  by_row(c, [&](auto x, double* out) {
    std::fill_n(out, edges.size() - 1, 0.0);
    for (const double v : x) {
      if (!(v >= edges.front() && v <= edges.back())) continue;
      const auto above = std::ranges::upper_bound(edges, v) - edges.begin();
      out[std::min(static_cast<std::size_t>(above), edges.size() - 1) - 1] += 1;
    }
  });
}
template <>
void evaluate<Op::bucketize>(const ReferenceCall& call) {
  const auto& borders = call.arguments[1];
  for (std::size_t r = 0; r < call.rows; ++r) {
    for (std::size_t c = 0; c < call.node.width; ++c) {
      std::size_t below = 0;
      for (std::size_t i = 0; i < borders.rows; ++i) {
        below += borders.data[i * borders.width + c] <= call.arguments[0](r, c) ? 1 : 0;
      }
      call.result(r, c) = static_cast<double>(below);
    }
  }
}
template <>
void evaluate<Op::over_rows>(const ReferenceCall& c) {
  by_row(c, [&](auto x, double* out) {
    switch (static_cast<Over>(c.node.integers[0])) {
      case Over::sum: *out = std::accumulate(x.begin(), x.end(), 0.0); break;
      case Over::logsumexp: *out = log_sum_exp(x); break;
      case Over::smallest: sort_row(x, false, out); break;
      case Over::largest: sort_row(x, true, out); break;
    }
  });
}

}  // namespace

ReferenceKernel reference_kernel(Op op) {
  static constexpr auto kernels = []<std::size_t... i>(std::index_sequence<i...>) {
    return std::array<ReferenceKernel, op_count>{&evaluate<static_cast<Op>(i)>...};
  }
  (std::make_index_sequence<op_count>{});
  return kernels[static_cast<std::size_t>(op)];
}

}  // namespace nescio
