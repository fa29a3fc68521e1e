// What the tests of operations share: batches, executors, and the cases of every family, which
// executors_test.cpp and others drive through them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "expr/program.h"

namespace nescio::expr {

using Values = std::vector<float>;

inline Values random_values(std::size_t count, std::uint64_t seed, double spread,
                            double offset = 0) {
  Rng rng(seed);
  Values out(count);
  for (float& v : out) v = static_cast<float>(offset + spread * rng.normal());
  // Ties: every fifth value repeats the one before.
  for (std::size_t i = 4; i < count; i += 5) out[i] = out[i - 1];
  return out;
}

inline Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  Matrix m(rows, cols);
  Rng rng(seed);
  for (double& v : m.values) v = rng.normal();
  return m;
}

inline std::vector<double> run(const Executor& executor, const Expr& e, const Batch& batch,
                               std::size_t rows) {
  std::vector<double> out(rows * e.width());
  compile({e}, executor)->run(batch, {out.data()});
  return out;
}

/// One row {1, 3, -2, 3} in double: small enough to reckon by hand.
class HandRow {
 public:
  const Expr x = input(std::make_shared<Graph>(), "x", 4);
  std::vector<double> operator()(const Expr& e) const {
    return run(Executor::reference, e, {{"x", {values_.data(), 1, 4}}}, 1);
  }

 private:
  Values values_ = {1, 3, -2, 3};
};

struct Case {
  std::string name;
  std::function<Expr(Expr x, Expr y)> build;  // x, y [B, w]
  double tolerance = 1e-6;                    // of the largest reference value
  bool positive = false;                      // inputs made >= 0.1
  std::size_t min_width = 1;
};

inline Groups thirds(std::size_t width) {
  const auto w = static_cast<std::int64_t>(width);
  return {0, 1, 1 + (w - 1) / 2, w};
}

inline Matrix ascending_row(std::size_t count) {
  Matrix m(1, count);
  for (std::size_t i = 0; i < count; ++i) m.values[i] = -2 + 0.37 * static_cast<double>(i);
  return m;
}

// The families, each beside its own tests in x_test.cpp.
std::vector<Case> arithmetic_cases();
std::vector<Case> reduction_cases();
std::vector<Case> order_cases();
std::vector<Case> table_cases();
std::vector<Case> tile_cases();

/// Of all families.
inline std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const auto& family :
       {arithmetic_cases(), reduction_cases(), order_cases(), table_cases(), tile_cases()}) {
    all.insert(all.end(), family.begin(), family.end());
  }
  return all;
}

}  // namespace nescio::expr
