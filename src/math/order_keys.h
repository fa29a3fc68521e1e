// Floats as integers that sort alike, with their columns beside them: what selections work on.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace nescio::math {

enum class Order { ascending, descending };

/// Keys stand for sign * value, smaller first: -0 equals 0, NaN comes last.
constexpr float sign_of(Order order) { return order == Order::ascending ? 1.0f : -1.0f; }
inline float value_of_key(std::int32_t key) {
  return std::bit_cast<float>(key ^ ((key >> 31) & 0x7FFFFFFF));
}

/// What keys and columns need behind their last entry: kernels write whole vectors.
constexpr std::size_t key_slack = 64;

/// The keys of x[0 .. count - 1] and their columns, from `first_column` on.
void start_keys(const float* x, std::size_t count, float sign, std::size_t first_column,
                std::int32_t* keys, std::uint32_t* columns);
/// Appends what lies below `bound` to keys and columns from `count` on, until x ends or fewer than
/// `key_slack` entries are left before `capacity`. Moves `at` (in x) and `count` on. Leaves NaN out.
void append_keys_below(const float* x, std::size_t width, float sign, float bound,
                       std::size_t first_column, std::size_t capacity, std::size_t& at,
                       std::size_t& count, std::int32_t* keys, std::uint32_t* columns);
/// A key that at least `least` and, ties apart, at most `most` of the keys do not exceed. least <=
/// count, count >= 1.
std::int32_t key_of_rank(const std::int32_t* keys, std::size_t count, std::size_t least,
                         std::size_t most);
/// Keeps the smallest keys in their order, at least `least` and, ties apart, at most `most` of
/// them; of equal keys at the border the first ones. Returns how many are left, and the largest
/// key kept through `border`.
std::size_t keep_smallest_keys(std::int32_t* keys, std::uint32_t* columns, std::size_t count,
                               std::size_t least, std::size_t most, std::int32_t* border);

}  // namespace nescio::math
