// Which rows of a table may lie within a distance, told from products of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/matrix_view.h"
#include "math/byte_rows.h"
#include "math/distance_table.h"
#include "math/leading_directions.h"

namespace nescio::math {

/// What bounds the distances of one point to some rows, as the kernel reads it.
struct BoundedRows {
  const float *norms, *lengths, *double_steps, *double_sums, *rests, *tails;  // of the rows
  float low, step, double_rest, double_length, double_tail;                   // of the point
};

/// The rows of a DistanceTable as bytes: y = step * q + rest, q in -127 .. 127. Points become
/// x = low + step * q + rest, q in 0 .. 127 or 255, as the kernel takes them. Then x y is a sum of
/// whole numbers, which is exact, and of what the rests say, which is bounded by their lengths: these
/// are computed, row by row (Cauchy, Schwarz: |x y - x' y'| <= |x - x'| |y| + |x'| |y - y'|). So a
/// limit that distances must not exceed rules out most rows in less time than a product of floats, and no row that does not
/// exceed it. Memory: a byte for each number of the table.
///
/// With directions, the bytes are those of the projections on them, which are fewer, and what lies outside of these is
/// bounded by its lengths, too: |x y - Px Py| <= |x - Px| |y - Py|. Rows about the means of classes lie near few directions.
class DistanceBounds {
 public:
  /// Points as bytes: memory of a search, which it takes once.
  class Points {
   public:
    Points(const DistanceBounds& bounds, std::size_t points);

   private:
    friend class DistanceBounds;
    std::vector<float> projected_;  // empty without directions
    std::vector<std::uint8_t> bytes_;
    std::vector<float> lows_, steps_;
    std::vector<float> rests_;    // |x - x'|, not below it
    std::vector<float> lengths_;  // |x'|, not below it
    std::vector<float> tails_;    // outside of the directions, not below it
  };

  /// The table must outlive this. Any finite rows; rows that are not are never ruled out.
  explicit DistanceBounds(const DistanceTable& table,
                          std::optional<LeadingDirections> directions = {},
                          const ByteKernel& kernel = byte_kernels().front());

  /// The first `count` rows of x, all about the table's mean, in the range that possible_rows() asks
  /// for.
  void encode(MatrixView x_about_mean, std::size_t count, Points& points) const;
  /// products [count, stride]: of `count` points, from `point` on, with the table's rows first .. first + rows - 1, as
  /// ByteRows::multiply() takes them.
  void multiply(const Points& points, std::size_t point, std::size_t count, std::size_t first,
                std::size_t rows, std::int32_t* products, std::size_t stride) const;
  /// The numbers of the rows, counted from `first`, whose relative distance times `sign` may be at
  /// most `limit`, from the products of one point with them; their count. `error` is that of the table
  /// for the point and all of these rows. |row| (2 |x| + |row|) < 1e35 for all of them. `possible` has room for `rows`.
  std::size_t possible_rows(const Points& points, std::size_t point, float sign, double limit,
                            double error, std::size_t first, std::size_t rows,
                            const std::int32_t* products, std::int32_t* possible) const;

  /// Replaces products of one point by what the relative distances to the rows seem to be, floats of the same size.
  void estimate(const Points& points, std::size_t point, std::size_t first, std::size_t rows,
                std::int32_t* products) const;
  /// Numbers of a row that are bytes: as many as directions, or all.
  std::size_t width() const { return directions_ ? directions_->count : table_.width(); }

 private:
  /// How far the projection of a row of this length is from what exact sums give.
  double projection_error(double length) const;
  BoundedRows rows_for(const Points& points, std::size_t point, std::size_t first) const;
  float tail(double length, double projected) const;

  const DistanceTable& table_;
  std::optional<LeadingDirections> directions_;
  const ByteKernel& kernel_;
  ByteRows bytes_;
  std::vector<float> double_steps_;  // 2 step
  std::vector<float> double_sums_;   // 2 * the sum of y'
  std::vector<float> rests_;         // |y - y'|, not below it
  std::vector<float> tails_;         // outside of the directions, not below it
};

}  // namespace nescio::math
