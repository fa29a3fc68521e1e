// The nearest rows of a table, exactly.
#pragma once

#include <cstdint>
#include <vector>

#include "math/fastest_way.h"
#include "math/order_keys.h"
#include "math/search_bounds.h"

namespace nescio::math {

/// Ranks first .. last - 1 of a sorted row, from 0.
struct Ranks {
  std::size_t first;
  std::size_t last;
};

/// Searches a table for the rows that are nearest (ascending) or farthest (descending) to each of
/// some points: the distances that stand at the wanted ranks, as exact as differences in double.
///
/// A product gives all distances up to a known error (DistanceTable::error). Every row that may
/// take a wanted rank in spite of it is kept, and of those that may, the distances are taken anew
/// in double. With DistanceBounds, the product is taken only of the rows that its bounds do not
/// rule out, as long as these are few and this is the faster way, by the clock; the results are
/// the same bits. Where rows are told apart by few directions, all rows are gone through in fewer
/// still at first, and the distances of those that look nearest limit the rest. Memory is bounded:
/// where more rows lie within the error than the buffer holds (duplicates, tight clusters), the
/// distances of the whole buffer are taken and the best kept.
class NearestRows {
 public:
  /// Columns of the tile that the product fills.
  static constexpr std::size_t tile_columns = 1024;

  /// For blocks of `points` points. `wanted`: at least one rank, all below table.rows(). `bounds` are null or of the
  /// table; both must outlive this.
  NearestRows(const DistanceTable& table, const SearchBounds* bounds, std::size_t points,
              Order order, std::vector<Ranks> wanted);

  /// out[r, i] = |x_r - row|^2 of the row at rank i, for the wanted ranks and the first `count` of
  /// x; out [points, k], k the end of the last rank. x has all `points` (products have the bits of
  /// their shape). `tile` holds points * tile_columns floats, `scratch` those of
  /// DistanceTable::scratch_floats().
  void search(MatrixView x, std::size_t count, float* tile, float* scratch, float* out);

 private:
  /// Bounds of a search, and when they are tried.
  struct Level {
    Level(const DistanceBounds& bounds_, std::size_t points)
        : bounds(&bounds_), as_bytes(bounds_, points) {}
    const DistanceBounds* bounds;
    DistanceBounds::Points as_bytes;
    std::size_t without = 0, pause = 0;  // tiles
  };

  void start(MatrixView x, MatrixView about_mean, std::size_t count);
  void add_all(MatrixView about_mean, std::size_t first, std::size_t count, float* tile);
  void scout(MatrixView about_mean);
  void prove_limit(std::size_t point, const float* x_about_mean);
  bool add_possible(Level& level, MatrixView about_mean, std::size_t first, std::size_t count,
                    std::int32_t* tile);
  template <class Each>
  bool with_products(const Level& level, std::size_t first, std::size_t count, Each each);
  void keep(std::size_t point, const float* distances, std::size_t count, double error,
            std::size_t first, const std::int32_t* rows);
  void take_exactly(std::size_t point, std::size_t first, std::size_t count);
  float longest_of(std::size_t first, std::size_t count) const;
  void shrink(std::size_t point);
  void take_exactly(std::size_t point, std::size_t column);
  void empty_buffer(std::size_t point);
  void finish(std::size_t point, float* out);
  double error(std::size_t point, std::size_t column) const {
    return table_.error(lengths_[point], table_.lengths()[column]);
  }
  /// sign * |x - row|^2
  double exact(std::size_t point, std::size_t column) const {
    return sign_ * table_.exact(x_.data + point * x_.stride, column);
  }

  const DistanceTable& table_;
  std::vector<Ranks> wanted_;  // ascending, apart
  std::size_t k_, capacity_, stride_;
  float sign_;
  float longest_ = 0;  // row about the mean

  MatrixView x_;
  std::size_t count_ = 0;  // of the points
  // Of each point. What is ordered is sign * (|x - row|^2 - |x|^2), smaller first.
  std::vector<float> lengths_;      // |x| about the mean
  std::vector<double> limits_;      // the k-th in order does not lie above it
  std::vector<char> out_of_range_;  // where the product would leave the range of floats
  std::vector<std::size_t> counts_;
  std::optional<Level> scout_;
  std::vector<Level> levels_;
  FastestWay ways_{1};                  // the first leaves out no level, the last all of them
  std::vector<std::int32_t> products_;  // of bytes, of some points with a tile
  std::vector<std::size_t> possible_;   // rows of a tile
  std::vector<std::int32_t> keys_;      // [points, stride]: rows that may be among the first k
  std::vector<std::uint32_t> columns_;
  std::vector<std::vector<double>> taken_;  // exact distances, the first k, once a buffer was full
  std::vector<double> low_, high_, exact_;  // of one point, while it is finished
};

}  // namespace nescio::math
