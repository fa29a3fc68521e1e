// Sorting, ranks and empirical distributions.
#include <gtest/gtest.h>

#include "expr/test_operations.h"

namespace nescio {

std::vector<Case> order_cases() {
  return {
      {"sorted", [](Expr x, Expr) { return sorted(x); }, 0},
      {"sorted descending", [](Expr x, Expr) { return sorted(x, Sort::descending); }, 0},
      {"sorted prefix",
       [](Expr x, Expr) { return slice_columns(sorted(x), 0, (x.width() + 1) / 2); }, 0},
      {"sum of the largest",
       [](Expr x, Expr) { return column(cumsum(sorted(x, Sort::descending)), x.width() / 2); }},
      {"rank", [](Expr x, Expr) { return rank(x); }, 0},
      {"ecdf", [](Expr x, Expr) { return ecdf(x, ascending_row(11)); }},
      {"row_histogram", [](Expr x, Expr) { return row_histogram(x, ascending_row(7)); }, 0},
      {"bucketize",
       [](Expr x, Expr) {
         Matrix borders(3, x.width());
         for (std::size_t i = 0; i < borders.values.size(); ++i)
           borders.values[i] = -1.0 + static_cast<double>(i / x.width());
         return bucketize(x, borders);
       },
       0},
  };
}

namespace {}  // namespace
}  // namespace nescio
