// Which rows of a table may lie within a distance, told from products of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/matrix_view.h"
#include "math/distance_table.h"

namespace nescio::math {

/// The rows of a DistanceTable as bytes: y = step * q + rest, q in -127 .. 127. Points become
/// x = low + step * q + rest, q in 0 .. 127. Then x y is a sum of whole numbers, which is exact, and
/// of what the rests say, which is bounded by their lengths: these are computed, row by row
/// (Cauchy, Schwarz: |x y - x' y'| <= |x - x'| |y| + |x'| |y - y'|). So a limit that distances must
/// not exceed rules out most rows at half the time of a product of floats with AVX2, and no row
/// that does not exceed it. Memory: a byte for each number of the table.
class DistanceBounds {
 public:
  /// Points as bytes: memory of a search, which it takes once.
  class Points {
   public:
    Points(std::size_t points, std::size_t width)
        : bytes_(points * width), lows_(points), steps_(points), rests_(points), lengths_(points) {}

   private:
    friend class DistanceBounds;
    std::vector<std::uint8_t> bytes_;
    std::vector<float> lows_, steps_;
    std::vector<float> rests_;    // |x - x'|, not below it
    std::vector<float> lengths_;  // |x'|, not below it
  };

  /// Whether a search of `table` is faster with bounds: the machine multiplies bytes twice as fast
  /// as floats, and the table is so large that this shows.
  static bool pay(const DistanceTable& table);

  /// The table must outlive this. Any finite rows; rows that are not are never ruled out.
  explicit DistanceBounds(const DistanceTable& table);

  /// The first `count` rows of x, all about the table's mean, in the range that possible_rows() asks
  /// for.
  void encode(MatrixView x_about_mean, std::size_t count, Points& points) const;
  /// products [count, rows]: of the first `count` points with the table's rows first .. first + rows - 1.
  void multiply(const Points& points, std::size_t count, std::size_t first, std::size_t rows,
                std::int32_t* products) const;
  /// Replaces products of one point by the numbers of the rows, counted from `first`, whose relative
  /// distance times `sign` may be at most `limit`: their count. `error` is that of the table for the
  /// point and all of these rows. |row| (2 |x| + |row|) < 1e35 for all of them.
  std::size_t possible_rows(const Points& points, std::size_t point, float sign, double limit,
                            double error, std::size_t first, std::size_t rows,
                            std::int32_t* products) const;

 private:
  const DistanceTable& table_;
  std::vector<std::int8_t> bytes_;   // [rows, width]
  std::vector<float> double_steps_;  // 2 step
  std::vector<float> double_sums_;   // 2 * the sum of y'
  std::vector<float> rests_;         // |y - y'|, not below it
};

/// What bounds the distances of one point to some rows, as the kernel reads it.
struct BoundedRows {
  const float *norms, *lengths, *double_steps, *double_sums, *rests;  // of the rows
  float low, step, double_rest, double_length;                        // of the point
  float sign, bound;
};

}  // namespace nescio::math
