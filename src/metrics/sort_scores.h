// Finite scores in ascending order, as keys that compare like the scores.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace nescio::metrics {

/// float or double.
template <class T>
concept Score = std::same_as<T, float> || std::same_as<T, double>;

/// The unsigned integer of a score's size. key_of(a) < key_of(b) exactly where a < b, and equal
/// where they are equal: -0 and 0 are one score.
template <Score T>
using ScoreKey = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <Score T>
ScoreKey<T> key_of(T score) {
  using Key = ScoreKey<T>;
  constexpr Key sign = Key{1} << (8 * sizeof(Key) - 1);
  const Key bits = std::bit_cast<Key>(score + T{0});  // -0 + 0 = 0
  return bits & sign ? static_cast<Key>(~bits) : bits | sign;
}

/// The score of a key: -0 comes back as 0.
template <Score T>
T score_of(ScoreKey<T> key) {
  using Key = ScoreKey<T>;
  constexpr Key sign = Key{1} << (8 * sizeof(Key) - 1);
  return std::bit_cast<T>(key & sign ? static_cast<Key>(key & ~sign) : static_cast<Key>(~key));
}

/// Throws Error where there is no score, or where any is NaN or infinite: with `what` ("ID
/// scores"), the count and the first position.
template <Score T>
void require_finite(std::span<const T> scores, std::string_view what);

/// The keys of finite `scores`, ascending. Radix sort: O(n), twice the memory of the keys.
template <Score T>
std::vector<ScoreKey<T>> sorted_keys(std::span<const T> scores);

/// A row's score, and which row it is.
template <Score T>
struct KeyOfRow {
  ScoreKey<T> key;
  std::uint32_t row;
};

/// The same with the rows, those of one score in their order. At most 2^32 - 1 rows.
template <Score T>
std::vector<KeyOfRow<T>> sorted_rows(std::span<const T> scores);

}  // namespace nescio::metrics
