// For tests: an operation through an executor against the reference executor.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "expr/test_operations.h"

namespace nescio::expr {

using Build = std::function<Expr(Expr x, Expr y)>;

/// Asserts that an operation says through an executor what the reference says, of as many random rows as
/// rows_for(rows of a block of the program).
inline void compare(const Case& c, const Build& build, std::size_t width, double spread,
                    const std::function<std::size_t(std::size_t block)>& rows_for,
                    const Executor& executor = Executor::cpu) {
  if (width < c.min_width) return;
  const auto graph = std::make_shared<Graph>();
  const Expr e = build(input(graph, "x", width), input(graph, "y", width));
  const auto program = compile({e}, executor);
  const std::size_t rows = rows_for(program->block_rows());
  SCOPED_TRACE(text(c.name, " width ", width, " rows ", rows, " spread ", spread));
  auto x = random_values(rows * width, width + rows, spread);
  auto y = random_values(rows * width, width + rows + 1, spread);
  if (c.positive) {
    for (auto* v : {&x, &y}) {
      for (float& f : *v) f = std::abs(f) + 0.1f;
    }
  }
  const Batch batch{{"x", {x.data(), rows, width}}, {"y", {y.data(), rows, width}}};
  const auto expected = run(Executor::reference, e, batch, rows);
  std::vector<double> found(expected.size());
  program->run(batch, {found.data()});
  double largest = 1e-30;
  for (const double v : expected) {
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  }
  // A distance or a sum cannot be better than its terms.
  const double scale = c.tolerance * std::max(largest, spread > 1 ? spread : 1.0);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (std::abs(expected[i]) > 1e38) continue;  // beyond float
    ASSERT_NEAR(found[i], expected[i], scale) << "element " << i;
  }
}

}  // namespace nescio::expr
