// Random numbers that are a pure function of their key: the same draw whatever the thread count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nescio {

/// A well mixed 64-bit value of (seed, a, b): the key of one stream, or one draw by itself.
std::uint64_t mix(std::uint64_t seed, std::uint64_t a = 0, std::uint64_t b = 0);

/// splitmix64 started at a key. One object per item (epoch, index ...), never shared.
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t a = 0, std::uint64_t b = 0);
  std::uint64_t next();
  /// In [0, 1), 53 random bits.
  double uniform();
  /// In 0 .. count - 1 without modulo bias; count > 0.
  std::size_t below(std::size_t count);
  /// Standard normal (Box-Muller).
  double normal();
  /// 0 .. count - 1 in random order (Fisher-Yates).
  std::vector<std::size_t> permutation(std::size_t count);

 private:
  std::uint64_t state_;
};

}  // namespace nescio
