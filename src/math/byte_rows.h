// Rows of bytes, and the products of points with many of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nescio::math {

/// One way of taking products, as some instruction sets have it: products[p * stride + r], exactly, of points
/// p < count with rows r < 16 * groups. `width` is that of a row, a multiple of 4; points lie as ByteRows::point_width()
/// says.
struct ByteKernel {
  const char* name;
  double cost;        // about, by the time of a product of floats
  std::uint8_t most;  // what the numbers of points may be
  void (*multiply)(const std::uint8_t* points, std::size_t count, const std::int8_t* rows,
                   std::size_t width, std::size_t groups, std::int32_t* products,
                   std::size_t stride);
};

/// Those that this machine has, the fastest first; the last one is plain C++.
std::span<const ByteKernel> byte_kernels();

/// Rows of bytes, sixteen side by side, so that a load has four bytes of each.
class ByteRows {
 public:
  static constexpr std::size_t group = 16;

  /// Zeros; width <= 2^16, so that products fit in 32 bits (otherwise Error).
  ByteRows(std::size_t rows, std::size_t width);

  /// Numbers of -127 .. 127. Rows may be set by several threads.
  void set(std::size_t row, const std::int8_t* codes);

  /// Products with the rows first .. first + rows - 1, and with what fills their last group up; `first` is a multiple
  /// of `group`. Points are numbers of 0 .. `most` of the kernel, then zeros up to point_width(). products [count,
  /// stride], stride at least `rows` in whole groups.
  void multiply(const std::uint8_t* points, std::size_t count, std::size_t first, std::size_t rows,
                std::int32_t* products, std::size_t stride, const ByteKernel& kernel) const;
  /// Bytes from a point to the next.
  std::size_t point_width() const;

 private:
  std::size_t width_, depth_;       // depth: width with what fills it up to a multiple of 4
  std::vector<std::int8_t> bytes_;  // [groups, depth / 4, group, 4]
};

}  // namespace nescio::math
