// The two passes of a resize, on whatever vectors the machine has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nescio::image {

/// Which source pixels make output pixel i, and with which weight: first[i] .. first[i] + count[i]
/// - 1. Weights are whole multiples of 2^-weight_bits.
struct Taps {
  std::size_t most = 0;
  std::vector<std::size_t> first, count;
  std::vector<int> weights;  // [outputs, most]

  std::size_t size() const { return first.size(); }
};

/// 32 bits less 8 for the pixel and 2 for sums above 1.
constexpr int weight_bits = 32 - 8 - 2;

/// `in` [height, width, channels] -> `out` [height, taps.size(), channels]: along the rows.
void resize_along_rows(const std::uint8_t* in, std::size_t height, std::size_t width,
                       std::size_t channels, const Taps& taps, std::uint8_t* out);

/// `in` [height, row] -> `out` [taps.size(), row]: along the columns; row >= 1.
void resize_along_columns(const std::uint8_t* in, std::size_t row, const Taps& taps,
                          std::uint8_t* out);

}  // namespace nescio::image
