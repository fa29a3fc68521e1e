// Sorting, ranks and empirical distributions in double.
#include <algorithm>
#include <numeric>

#include "expr/reference_kernels.h"

namespace nescio::expr {
namespace {

std::vector<std::size_t> order_of(std::span<const double> x) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return x[i]; });
  return order;
}

}  // namespace

void reference::sort_row(std::span<const double> x, bool descending, double* out) {
  std::vector<double> row(x.begin(), x.end());
  std::ranges::sort(row);
  if (descending) std::ranges::reverse(row);
  std::ranges::copy(row, out);
}

void reference::sorted(const ReferenceCall& c) {
  by_row(c, [&](auto x, double* out) { sort_row(x, c.node.integers[0] != 0, out); });
}
void reference::rank(const ReferenceCall& c) {
  const auto most = static_cast<std::size_t>(c.node.integers[0]);
  by_row(c, [most](auto x, double* out) {
    const auto order = order_of(x);
    for (std::size_t i = 0; i < order.size(); ++i) {
      out[order[i]] = static_cast<double>(std::min(i, most));
    }
  });
}
void reference::ecdf(const ReferenceCall& c) {
  const std::span table(c.arguments[1].data, c.arguments[1].width);
  by_element(c, [table](double x) {
    return static_cast<double>(std::ranges::upper_bound(table, x) - table.begin()) /
           static_cast<double>(table.size());
  });
}
void reference::row_histogram(const ReferenceCall& c) {
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
void reference::bucketize(const ReferenceCall& call) {
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

}  // namespace nescio::expr
