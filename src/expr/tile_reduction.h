// What over_rows keeps of the tiles that it has seen.
#pragma once

#include <memory>
#include <vector>

#include "expr/expr.h"
#include "math/top_k.h"

namespace nescio::expr {

/// Brings the column tiles of one body together for a block of rows: sum, logsumexp (in double) or
/// the first entries in order.
class TileReduction {
 public:
  TileReduction(Over reduction, std::size_t rows, std::size_t wanted);

  void reset();
  /// Tile [rows, columns], contiguous; column 0 is column `first` of the body.
  void add(const float* tile, std::size_t columns, std::size_t first);
  /// The result [rows, wanted].
  void finish(float* out);

 private:
  Over reduction_;
  std::size_t rows_;
  std::vector<double> top_, sum_;
  std::vector<float> scratch_;
  std::unique_ptr<math::RunningTopK> found_;
};

}  // namespace nescio::expr
