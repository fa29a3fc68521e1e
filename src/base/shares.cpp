#include "base/shares.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace nescio {
namespace {

// A sum of numbers and zeros would lose the sign of a zero, so what is added up are the bits, as whole numbers.
template <class T>
void gather_bits(Communicator& processes, std::span<T> values, Share own) {
  if (processes.size() == 1) return;
  constexpr std::size_t words = sizeof(T) / sizeof(std::uint32_t);
  constexpr std::size_t most = std::size_t{1} << 20;  // values at once: bounds what is copied
  std::vector<double> sent;
  for (std::size_t first = 0; first < values.size(); first += most) {
    const std::size_t last = std::min(first + most, values.size());
    sent.assign((last - first) * words, 0.0);
    const auto word = [&](std::size_t i, std::size_t w) -> double& {
      return sent[(i - first) * words + w];
    };
    std::uint32_t bits[words];
    for (std::size_t i = std::max(first, own.first); i < std::min(last, own.first + own.count);
         ++i) {
      std::memcpy(bits, &values[i], sizeof(T));
      for (std::size_t w = 0; w < words; ++w) word(i, w) = bits[w];
    }
    processes.sum(sent);
    for (std::size_t i = first; i < last; ++i) {
      for (std::size_t w = 0; w < words; ++w) bits[w] = static_cast<std::uint32_t>(word(i, w));
      std::memcpy(&values[i], bits, sizeof(T));
    }
  }
}

}  // namespace

Share share_of(const Communicator& processes, std::size_t count, int rank) {
  const auto r = static_cast<std::size_t>(rank);
  const auto size = static_cast<std::size_t>(processes.size());
  const std::size_t first = count * r / size;
  return {first, count * (r + 1) / size - first};
}

Share share_of_rows(const Communicator& processes, std::size_t rows, std::size_t block) {
  return share_of_rows(processes, rows, block, processes.rank());
}
Share share_of_rows(const Communicator& processes, std::size_t rows, std::size_t block, int rank) {
  const Share blocks = share_of(processes, (rows + block - 1) / block, rank);
  const std::size_t first = std::min(blocks.first * block, rows);
  return {first, std::min((blocks.first + blocks.count) * block, rows) - first};
}

void gather(Communicator& processes, std::span<float> values, Share own) {
  gather_bits(processes, values, own);
}
void gather(Communicator& processes, std::span<double> values, Share own) {
  gather_bits(processes, values, own);
}

}  // namespace nescio
