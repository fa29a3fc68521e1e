// Gaussian clouds for the tests of clusters and mixtures.
#pragma once

#include <memory>
#include <vector>

#include "base/rng.h"
#include "io/test_folder.h"
#include "statistics/statistics.h"

namespace nescio::statistics {

using Row = std::vector<double>;

/// Rows about some centres in turn; all values are exact in float.
struct Clouds {
  std::vector<Row> centres, rows;

  Clouds(std::size_t count, std::size_t clouds, std::size_t width, double offset = 0,
         double spread = 1) {
    Rng rng(count + width);
    const auto draw = [&](const Row& centre, double scale) {
      Row row;
      for (const double v : centre) {
        row.push_back(static_cast<double>(static_cast<float>(v + scale * rng.normal())));
      }
      return row;
    };
    for (std::size_t k = 0; k < clouds; ++k) centres.push_back(draw(Row(width, offset), 3));
    for (std::size_t r = 0; r < count; ++r) rows.push_back(draw(centres[r % clouds], spread));
  }
  std::size_t width() const { return rows[0].size(); }
  expr::Expr input_of(const std::shared_ptr<expr::Graph>& graph) const {
    return input(graph, "features", width());
  }
  Split split() const {
    std::vector<float> values;
    for (const Row& row : rows) {
      for (const double v : row) values.push_back(static_cast<float>(v));
    }
    return {"toy/train", {{"features", Array({rows.size(), width()}, std::move(values))}}, {}, 0};
  }
};

inline double squared_distance(const Row& a, const Row& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

inline std::vector<Row> rows_of(const Matrix& matrix) {
  std::vector<Row> out;
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    out.emplace_back(matrix.row(r).begin(), matrix.row(r).end());
  }
  return out;
}

}  // namespace nescio::statistics
