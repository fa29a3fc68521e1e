// What over_rows keeps of the tiles that it has seen, on a device.
#pragma once

#include <torch/types.h>

#include "expr/tiles.h"

namespace nescio::expr {

/// Brings the column tiles of one body together for a block of rows: sum, logsumexp (across tiles in double) or the
/// first entries in order.
class TorchReduction {
 public:
  TorchReduction(Over reduction, std::int64_t wanted) : reduction_(reduction), wanted_(wanted) {}

  /// Tile [rows, columns], contiguous.
  void add(const torch::Tensor& tile);
  /// The result [rows, wanted].
  torch::Tensor finish() const;

 private:
  bool largest() const { return reduction_ == Over::largest; }

  Over reduction_;
  std::int64_t wanted_;
  torch::Tensor so_far_;
};

}  // namespace nescio::expr
