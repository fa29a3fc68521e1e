// One row of bytes with many: bound by the memory that these are read from.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nescio::math {

/// c[j] = sum_i a[i] b[j, i], exactly; a [k] of 0 .. 127, b [n, k] of -127 .. 127 without gaps; k <= 2^16.
void byte_products(std::size_t n, std::size_t k, const std::uint8_t* a, const std::int8_t* b,
                   std::int32_t* c);

}  // namespace nescio::math
