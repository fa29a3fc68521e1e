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
  std::uint64_t next() {
    state_ += golden_gamma;
    return finalise(state_);
  }
  /// In [0, 1), 53 random bits.
  double uniform();
  /// In 0 .. count - 1 without modulo bias; count > 0.
  std::size_t below(std::size_t count);
  /// Standard normal (Box-Muller).
  double normal();
  /// 0 .. count - 1 in random order (Fisher-Yates).
  std::vector<std::size_t> permutation(std::size_t count);

 private:
  friend std::uint64_t mix(std::uint64_t seed, std::uint64_t a, std::uint64_t b);

  static constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15u;
  // Finaliser of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
  // 2014).
  static constexpr std::uint64_t finalise(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace nescio
