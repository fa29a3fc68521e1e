// The first values of each row of tiles, and the nearest rows of a table.
#pragma once

#include "expr/tiles.h"
#include "expr_torch/torch_distances.h"

namespace nescio::expr {

/// Values [n, k] and the columns that they stand in.
struct TorchFound {
  torch::Tensor values, columns;
};

/// The `count` smallest (largest) values of each row, all if there are fewer, in any order.
TorchFound first_in_order(const torch::Tensor& tile, std::int64_t count, bool largest);

/// Columns of tiles [rows, columns] that hold `values` at most: a power of two, as far as the `all` columns reach.
std::int64_t columns_of_tile(std::int64_t rows, std::int64_t all, std::size_t values);

/// Rows of a table that are nearest to each of some points, or farthest: as math::NearestRows, some more than
/// wanted are kept by a product of floats, and those are measured by differences in double. Where the error of the
/// product does not prove that no other row belongs to them, all rows are measured so. Memory is bounded by the
/// tiles; points for which that happens take their time.
class TorchSearch {
 public:
  /// `wanted` ranks, at least one. The distances must outlive this.
  TorchSearch(const TorchDistances& distances, Over order, std::int64_t wanted,
              std::size_t tile_values);

  /// |x_r - row|^2 of the rows at ranks 0 .. wanted - 1, [x.rows, wanted]; those of points from `count` on, which
  /// are there to fill up the block, may be wrong. Waits for the device once.
  torch::Tensor search(const torch::Tensor& x, std::int64_t count) const;

 private:
  TorchFound candidates(const torch::Tensor& x_about_mean) const;
  torch::Tensor among_all(const torch::Tensor& x) const;

  const TorchDistances& distances_;
  int sign_;
  std::int64_t wanted_, kept_;
  std::size_t tile_values_;
};

}  // namespace nescio::expr
