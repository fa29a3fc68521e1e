// Reductions over the columns of a row, softmax and cumulative sums in double.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "expr/reference_kernels.h"

namespace nescio::expr {
namespace {

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

double square_sum(std::span<const double> x) {
  return std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
}

double logsumexp_rest_of(std::span<const double> x) {
  const auto top = static_cast<std::size_t>(std::ranges::max_element(x) - x.begin());
  std::vector<double> rest(x.begin(), x.end());
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(top));
  return rest.empty() ? -std::numeric_limits<double>::infinity() : reference::log_sum_exp(rest);
}

}  // namespace

double reference::log_sum_exp(std::span<const double> x) {
  const double top = *std::ranges::max_element(x);
  if (std::isinf(top)) return top;
  double sum = 0;
  for (const double v : x) sum += std::exp(v - top);
  return top + std::log(sum);
}

void reference::row_sum(const ReferenceCall& c) {
  by_group(c, [](auto x) { return std::accumulate(x.begin(), x.end(), 0.0); });
}
void reference::row_mean(const ReferenceCall& c) {
  by_group(c, [](auto x) {
    return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
  });
}
void reference::row_max(const ReferenceCall& c) {
  by_group(c, [](auto x) { return *std::ranges::max_element(x); });
}
void reference::row_min(const ReferenceCall& c) {
  by_group(c, [](auto x) { return *std::ranges::min_element(x); });
}
void reference::row_argmax(const ReferenceCall& c) {
  by_group(c, [](auto x) { return static_cast<double>(std::ranges::max_element(x) - x.begin()); });
}
void reference::logsumexp(const ReferenceCall& c) { by_group(c, log_sum_exp); }
void reference::l1_norm(const ReferenceCall& c) {
  by_group(c, [](auto x) {
    double sum = 0;
    for (const double v : x) sum += std::abs(v);
    return sum;
  });
}
void reference::l2_norm(const ReferenceCall& c) {
  by_group(c, [](auto x) { return std::sqrt(square_sum(x)); });
}

void reference::sum_of_squares(const ReferenceCall& c) { by_group(c, square_sum); }

void reference::logsumexp_rest(const ReferenceCall& c) { by_group(c, logsumexp_rest_of); }
void reference::log_odds(const ReferenceCall& c) {
  by_group(c, [](auto x) { return logsumexp_rest_of(x) - *std::ranges::max_element(x); });
}
void reference::softmax(const ReferenceCall& c) {
  by_row(c, [](auto x, double* out) {
    const double lse = log_sum_exp(x);
    std::ranges::transform(x, out, [lse](double v) { return std::exp(v - lse); });
  });
}
void reference::log_softmax(const ReferenceCall& c) {
  by_row(c, [](auto x, double* out) {
    const double lse = log_sum_exp(x);
    std::ranges::transform(x, out, [lse](double v) { return v - lse; });
  });
}
void reference::cumsum(const ReferenceCall& c) {
  by_row(c, [](auto x, double* out) { std::partial_sum(x.begin(), x.end(), out); });
}

}  // namespace nescio::expr
