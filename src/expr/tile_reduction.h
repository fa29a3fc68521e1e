// What over_rows keeps of the tiles that it has seen.
#pragma once

#include <memory>
#include <vector>

#include "expr/cpu_kernels.h"
#include "expr/expr.h"
#include "expr/plan.h"
#include "math/top_k.h"

namespace nescio {

/// Brings the column tiles of one body together for a block of rows: sum, logsumexp (in double) or
/// the first entries in order.
class TileReduction {
 public:
  TileReduction(Over reduction, std::size_t rows, std::size_t columns, std::size_t wanted);

  void reset();
  /// Tile [rows, columns], contiguous; column 0 is column `first` of the body.
  void add(const float* tile, std::size_t columns, std::size_t first);
  /// The result [rows, wanted].
  void finish(float* out);
  /// As finish() for a body that is |x - row|^2 itself. |x|^2 + |row|^2 - 2 x row loses digits of a
  /// small distance, so the entries that somebody reads are computed anew, in double, from the
  /// differences.
  void finish_distances(const CpuValues& x, const CpuValues& table,
                        std::span<const ColumnRange> reads, float* out);

 private:
  Over reduction_;
  std::size_t rows_, wanted_, kept_;
  std::vector<double> top_, sum_, exact_;
  std::vector<float> scratch_;
  std::vector<std::uint32_t> found_columns_;
  std::unique_ptr<math::RunningTopK> found_;
};

}  // namespace nescio
