// Which lanes of up to eight a mask keeps, in order: where instruction sets lack a compress.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace nescio::math {

/// Eight lanes for each mask of eight bits: those whose bit is set, then the others. The first four are
/// also right for masks of four bits.
inline constexpr auto kCompressTable = [] {
  std::array<std::uint8_t, 256 * 8> table = {};
  for (std::size_t bits = 0; bits < 256; ++bits) {
    std::size_t next = 8 * bits;
    for (const std::size_t kept : {1u, 0u}) {
      for (std::size_t lane = 0; lane < 8; ++lane) {
        if ((bits >> lane & 1) == kept) table[next++] = static_cast<std::uint8_t>(lane);
      }
    }
  }
  return table;
}();

}  // namespace nescio::math
